// The board: the beat network on a serial line.
`include "beat_sizes.vh"

module beat_board #(
    parameter CLOCKS_PER_BIT = 16
) (
    input clk,
    input rx,
    output tx
);
    wire [8*`FEATURE_SIZE-1:0] features;
    wire [12*`STATE_SIZE-1:0] state, state_after;
    wire [23:0] logit;
    wire core_busy;

    beat_line #(CLOCKS_PER_BIT) line (
        .clk(clk), .rx(rx), .tx(tx), .core_busy(core_busy),
        .features(features), .state(state), .logit(logit), .state_after(state_after)
    );
    beat_step network (.clk(clk), .features(features), .state(state), .logit(logit), .state_after(state_after));
endmodule
