"""From QKeras to what runs: the graph, C++ by hls4ml, Verilog by da4ml, ONNX. Needs the extra ``fpga``."""
