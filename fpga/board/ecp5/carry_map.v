// Additions and subtractions as carry chains of an ECP5, for yosys' `techmap`, smaller than its own: a chain that begins
// with a known carry begins in a half cell that makes it, so nothing has to be led into the chain; a known bit becomes
// part of the lookup table in place of a wire from ground. Of an odd number of bits the first half cell makes the carry
// into bit 0, of an even number the carry out of it. What begins or leaves a chain is cut loose by `netlist.py`.
(* techmap_celltype = "$alu" *)
module ecp5_alu (A, B, CI, BI, X, Y, CO);
    parameter A_SIGNED = 0;
    parameter B_SIGNED = 0;
    parameter A_WIDTH = 1;
    parameter B_WIDTH = 1;
    parameter Y_WIDTH = 1;
    parameter _TECHMAP_CONSTMSK_CI_ = 0;
    parameter _TECHMAP_CONSTVAL_CI_ = 0;
    parameter _TECHMAP_CONSTMSK_BI_ = 0;
    parameter _TECHMAP_CONSTVAL_BI_ = 0;
    parameter [A_WIDTH-1:0] _TECHMAP_CONSTMSK_A_ = 0;
    parameter [A_WIDTH-1:0] _TECHMAP_CONSTVAL_A_ = 0;
    parameter [B_WIDTH-1:0] _TECHMAP_CONSTMSK_B_ = 0;
    parameter [B_WIDTH-1:0] _TECHMAP_CONSTVAL_B_ = 0;

    (* force_downto *) input [A_WIDTH-1:0] A;
    (* force_downto *) input [B_WIDTH-1:0] B;
    input CI, BI;
    (* force_downto *) output [Y_WIDTH-1:0] X, Y, CO;

    // two bits are two lookup tables; without a known carry yosys' own chain is as good
    wire _TECHMAP_FAIL_ = Y_WIDTH <= 2 || !_TECHMAP_CONSTMSK_CI_ || !_TECHMAP_CONSTMSK_BI_;

    localparam AHEAD = Y_WIDTH % 2;
    localparam HALVES = Y_WIDTH + AHEAD;
    localparam CARRY = _TECHMAP_CONSTVAL_CI_[0];
    localparam INVERT = _TECHMAP_CONSTVAL_BI_[0];

    (* force_downto *) wire [Y_WIDTH-1:0] AA, BB;
    \$pos #(.A_SIGNED(A_SIGNED), .A_WIDTH(A_WIDTH), .Y_WIDTH(Y_WIDTH)) extend_a (.A(A), .Y(AA));
    \$pos #(.A_SIGNED(B_SIGNED), .A_WIDTH(B_WIDTH), .Y_WIDTH(Y_WIDTH)) extend_b (.A(B), .Y(BB));

    // what is known of the halves' inputs, and how: above the width of A or B, and where there is no bit
    localparam [Y_WIDTH+A_WIDTH-1:0] KNOWN_A = {{Y_WIDTH{A_SIGNED ? _TECHMAP_CONSTMSK_A_[A_WIDTH-1] : 1'b1}}, _TECHMAP_CONSTMSK_A_};
    localparam [Y_WIDTH+B_WIDTH-1:0] KNOWN_B = {{Y_WIDTH{B_SIGNED ? _TECHMAP_CONSTMSK_B_[B_WIDTH-1] : 1'b1}}, _TECHMAP_CONSTMSK_B_};
    localparam [Y_WIDTH+A_WIDTH-1:0] IS_A = {{Y_WIDTH{A_SIGNED ? _TECHMAP_CONSTVAL_A_[A_WIDTH-1] : 1'b0}}, _TECHMAP_CONSTVAL_A_};
    localparam [Y_WIDTH+B_WIDTH-1:0] IS_B = {{Y_WIDTH{B_SIGNED ? _TECHMAP_CONSTVAL_B_[B_WIDTH-1] : 1'b0}}, _TECHMAP_CONSTVAL_B_};

    // A half's lookup table: above, by inputs B and A, whether a carry passes; below, the carry if none does. Inputs that
    // are known are tied to 1.
    function [15:0] half(input first, none, known_a, is_a, known_b, is_b);
        reg [3:0] a, b, pass, make;
        begin
            a = known_a ? {4{is_a}} : 4'b1010;
            b = (known_b ? {4{is_b}} : 4'b1100) ^ {4{INVERT}};
            pass = first ? 4'b0000 : a ^ b;
            make = !first ? a : none ? {4{CARRY}} : CARRY ? a | b : a & b;
            half = {pass, 8'h00, make};
        end
    endfunction

    wire [HALVES-1:0] a, b, sum;
    wire [HALVES/2:0] carry;
    genvar k;
    generate
        if (AHEAD) assign a[0] = 1'b1;
        if (AHEAD) assign b[0] = 1'b1;
        for (k = 0; k < Y_WIDTH; k = k + 1) begin : input_bit
            if (KNOWN_A[k]) assign a[k + AHEAD] = 1'b1; else assign a[k + AHEAD] = AA[k];
            if (KNOWN_B[k]) assign b[k + AHEAD] = 1'b1; else assign b[k + AHEAD] = BB[k];
        end
        for (k = 0; k < HALVES; k = k + 2) begin : whole
            localparam LOW = k < AHEAD ? 0 : k - AHEAD, HIGH = k + 1 - AHEAD;
            CCU2C #(
                .INIT0(half(k == 0, k < AHEAD, KNOWN_A[LOW], IS_A[LOW], KNOWN_B[LOW], IS_B[LOW])), .INJECT1_0("NO"),
                .INIT1(half(1'b0, 1'b0, KNOWN_A[HIGH], IS_A[HIGH], KNOWN_B[HIGH], IS_B[HIGH])), .INJECT1_1("NO")
            ) adder (
                .CIN(carry[k / 2]), .COUT(carry[k / 2 + 1]),
                .A0(a[k]), .B0(b[k]), .C0(1'b1), .D0(1'b1), .S0(sum[k]),
                .A1(a[k + 1]), .B1(b[k + 1]), .C1(1'b1), .D1(1'b1), .S1(sum[k + 1])
            );
        end
        for (k = 0; k < Y_WIDTH; k = k + 1) begin : result
            if (k + AHEAD == 0) assign Y[0] = AA[0] ^ BB[0] ^ BI ^ CI;
            else assign Y[k] = sum[k + AHEAD];
        end
    endgenerate
    assign carry[0] = 1'b0;
    assign X = AA ^ BB ^ {Y_WIDTH{BI}};
    assign CO = (AA & (BB ^ {Y_WIDTH{BI}})) | ((AA | (BB ^ {Y_WIDTH{BI}})) & ~Y);
endmodule
