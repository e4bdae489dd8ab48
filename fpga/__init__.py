"""The quantised beat network: from training over hls4ml and Verilog to a board, and the consumer that runs it."""
