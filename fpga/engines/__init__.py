"""What can run the quantised network, all with the same bits: ONNX Runtime, hls4ml's C++, the Verilog, a board."""
