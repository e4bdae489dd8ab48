// Sends bytes: 8 data bits, no parity, one stop bit.
module uart_tx #(
    parameter CLOCKS_PER_BIT = 16
) (
    input clk,
    input [7:0] data,
    input start,
    output busy,
    output tx
);
    localparam WIDTH = $clog2(CLOCKS_PER_BIT + 1);
    reg [9:0] shift = 10'h3ff;
    reg [3:0] bits = 0;
    reg [WIDTH-1:0] wait_for = 0;

    assign busy = bits != 0;
    assign tx = shift[0];

    always @(posedge clk) begin
        if (bits == 0) begin
            if (start) begin
                shift <= {1'b1, data, 1'b0};
                bits <= 4'd10;
                wait_for <= WIDTH'(CLOCKS_PER_BIT - 1);
            end
        end else if (wait_for != 0) begin
            wait_for <= wait_for - 1'b1;
        end else begin
            wait_for <= WIDTH'(CLOCKS_PER_BIT - 1);
            shift <= {1'b1, shift[9:1]};
            bits <= bits - 1'b1;
        end
    end
endmodule
