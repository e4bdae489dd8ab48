// One byte more of a CRC-16 (polynomial 0x1021, highest bit first); over a message and its CRC it is nought.
module crc16 (
    input [15:0] crc,
    input [7:0] data,
    output [15:0] next
);
    reg [15:0] value;
    integer i;

    always @* begin
        value = crc ^ {data, 8'h00};
        for (i = 0; i < 8; i = i + 1) value = value[15] ? (value << 1) ^ 16'h1021 : value << 1;
    end
    assign next = value;
endmodule
