// The serial line of the beat network. A message: END, kind, sequence number, content, CRC-16, END; END and ESCAPE within
// are escaped (as in SLIP, RFC 1055). Every step brings the state of its source and takes it away again, so the board
// remembers nothing, and a step may be sent twice. What is damaged is not answered.
`include "beat_sizes.vh"

module beat_line #(
    parameter CLOCKS_PER_BIT = 16
) (
    input clk,
    input rx,
    output tx,
    output core_busy,  // from when the core's inputs stand still until its outputs are read
    output [8*`FEATURE_SIZE-1:0] features,
    output [12*`STATE_SIZE-1:0] state,
    input [23:0] logit,
    input [12*`STATE_SIZE-1:0] state_after
);
    localparam [7:0] END = 8'hC0, ESCAPE = 8'hDB, ESCAPED_END = 8'hDC, ESCAPED_ESCAPE = 8'hDD;
    localparam [7:0] HELLO = 8'h01, STEP = 8'h02, ANSWER = 8'h80;
    localparam STATE = `STATE_SIZE, FEATURES = `FEATURE_SIZE;
    localparam REQUEST = 2 * STATE + FEATURES;  // bytes of a step's content
    localparam REPLY = 2 * STATE + 4;  // and of its answer
    localparam DIGEST = 8;

    wire [7:0] heard;
    wire heard_valid;
    uart_rx #(CLOCKS_PER_BIT) receiver (.clk(clk), .rx(rx), .data(heard), .valid(heard_valid));

    // What arrives: the content is shifted in from above; the two bytes behind it are its CRC.
    reg [8*(REQUEST+2)-1:0] content;
    reg [7:0] kind, number;
    reg [15:0] count = 0;
    reg [15:0] crc_in = 16'hFFFF;
    reg escaped = 1'b0, spoiled = 1'b0;
    wire [7:0] byte_in = !escaped ? heard : heard == ESCAPED_END ? END : ESCAPE;
    wire [15:0] crc_in_next;
    crc16 check_in (.crc(crc_in), .data(byte_in), .next(crc_in_next));
    wire whole = !spoiled && crc_in == 16'h0000;
    wire step_whole = whole && kind == STEP && count == REQUEST + 4;
    wire hello_whole = whole && kind == HELLO && count == 4;

    reg [`CYCLE_BITS-1:0] cycles = 0;  // until the core's answer is there
    reg answer_step = 1'b0, answer_hello = 1'b0;
    reg [7:0] answer_number = 0;
    assign core_busy = cycles != 0;

    always @(posedge clk) begin
        answer_step <= cycles == 1;
        answer_hello <= 1'b0;
        if (cycles != 0) cycles <= cycles - 1'b1;
        if (heard_valid) begin
            if (heard == END) begin
                if (step_whole) cycles <= `CYCLE_BITS'(`CORE_CYCLES);
                if (hello_whole) answer_hello <= 1'b1;
                if (step_whole || hello_whole) answer_number <= number;
                count <= 0;
                crc_in <= 16'hFFFF;
                escaped <= 1'b0;
                spoiled <= 1'b0;
            end else if (heard == ESCAPE && !escaped) begin
                escaped <= 1'b1;
            end else begin
                escaped <= 1'b0;
                if (escaped && heard != ESCAPED_END && heard != ESCAPED_ESCAPE) spoiled <= 1'b1;
                if (count == REQUEST + 4) spoiled <= 1'b1;
                else count <= count + 1'b1;
                crc_in <= crc_in_next;
                if (count == 0) kind <= byte_in;
                else if (count == 1) number <= byte_in;
                else content <= {byte_in, content[8*(REQUEST+2)-1:8]};
            end
        end
    end

    // What the network reads. It stands still: the next message takes longer to arrive than the core to answer.
    assign features = content[16*STATE+:8*FEATURES];
    wire [16*STATE-1:0] state_out;
    genvar unit;
    generate
        for (unit = 0; unit < STATE; unit = unit + 1) begin : code
            assign state[12*unit+:12] = content[16*unit+:12];
            assign state_out[16*unit+:16] = {{4{state_after[12*unit+11]}}, state_after[12*unit+:12]};
        end
    endgenerate

    // What is sent.
    localparam [3:0] IDLE = 0, OPEN = 1, SAY_KIND = 2, SAY_NUMBER = 3, SAY = 4, CRC_HIGH = 5, CRC_LOW = 6, CLOSE = 7;
    reg [3:0] saying = IDLE;
    reg [8*REPLY-1:0] answer;
    reg [7:0] answer_kind;
    reg [15:0] left = 0, crc_out = 16'hFFFF;
    reg second = 1'b0;  // of an escaped pair
    reg [7:0] byte_out;
    wire [15:0] crc_out_next;
    crc16 check_out (.crc(crc_out), .data(byte_out), .next(crc_out_next));
    wire framing = saying == OPEN || saying == CLOSE;
    wire special = !framing && (byte_out == END || byte_out == ESCAPE);
    wire [7:0] on_line = !special ? byte_out : !second ? ESCAPE : byte_out == END ? ESCAPED_END : ESCAPED_ESCAPE;
    wire busy;
    wire start = saying != IDLE && !busy;
    uart_tx #(CLOCKS_PER_BIT) sender (.clk(clk), .data(on_line), .start(start), .busy(busy), .tx(tx));

    always @* begin
        case (saying)
            SAY_KIND: byte_out = answer_kind;
            SAY_NUMBER: byte_out = answer_number;
            SAY: byte_out = answer[7:0];
            CRC_HIGH: byte_out = crc_out[15:8];
            CRC_LOW: byte_out = crc_out[7:0];
            default: byte_out = END;
        endcase
    end

    always @(posedge clk) begin
        if (saying == IDLE) begin
            crc_out <= 16'hFFFF;
            second <= 1'b0;
            if (answer_step || answer_hello) begin
                saying <= OPEN;
                answer_kind <= ANSWER | (answer_step ? STEP : HELLO);
                left <= answer_step ? REPLY : DIGEST;
                answer <= answer_step ? {state_out, {4{logit[23]}}, logit[23:12], {4{logit[11]}}, logit[11:0]}
                    : {{8*(REPLY-DIGEST){1'b0}}, `NETWORK_DIGEST};
            end
        end else if (start) begin
            if (special && !second) begin
                second <= 1'b1;
            end else begin
                second <= 1'b0;
                case (saying)
                    OPEN: saying <= SAY_KIND;
                    SAY_KIND: saying <= SAY_NUMBER;
                    SAY_NUMBER: saying <= SAY;
                    SAY: begin
                        answer <= answer >> 8;
                        left <= left - 1'b1;
                        if (left == 1) saying <= CRC_HIGH;
                    end
                    CRC_HIGH: saying <= CRC_LOW;
                    CRC_LOW: saying <= CLOSE;
                    default: saying <= IDLE;
                endcase
                if (saying == SAY_KIND || saying == SAY_NUMBER || saying == SAY) crc_out <= crc_out_next;
            end
        end
    end
endmodule
