// Receives bytes: 8 data bits, no parity, sampled in the middle of each bit.
module uart_rx #(
    parameter CLOCKS_PER_BIT = 16
) (
    input clk,
    input rx,
    output reg [7:0] data,
    output reg valid
);
    localparam WIDTH = $clog2(CLOCKS_PER_BIT + 1);
    reg [1:0] steady = 2'b11;  // the line belongs to another clock
    reg [WIDTH-1:0] wait_for = 0;
    reg [3:0] bits = 0;  // still to come, the stop bit among them

    initial valid = 1'b0;

    always @(posedge clk) begin
        steady <= {steady[0], rx};
        valid <= 1'b0;
        if (bits == 0) begin
            if (!steady[1]) begin
                bits <= 4'd10;
                wait_for <= WIDTH'(CLOCKS_PER_BIT / 2 - 1);
            end
        end else if (wait_for != 0) begin
            wait_for <= wait_for - 1'b1;
        end else begin
            wait_for <= WIDTH'(CLOCKS_PER_BIT - 1);
            bits <= bits - 1'b1;
            if (bits == 4'd10) begin
                if (steady[1]) bits <= 0;  // a glitch, no start bit
            end else if (bits == 4'd1) begin
                valid <= steady[1];
            end else begin
                data <= {steady[1], data[7:1]};
            end
        end
    end
endmodule
