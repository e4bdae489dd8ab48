// The board for simulation: its core has a clock of its own, which may stand while it has nothing to do, and can be
// reached past the serial line. What the core reads is held in registers of that clock, so its logic is not computed
// again for every bit that arrives; the clock takes a step more for it.
`include "beat_sizes.vh"

module beat_sim #(
    parameter CLOCKS_PER_BIT = 4
) (
    input clk,
    input core_clk,
    input rx,
    output tx,
    output core_busy,
    input direct,
    input [8*`FEATURE_SIZE-1:0] direct_features,
    input [12*`STATE_SIZE-1:0] direct_state,
    output [23:0] logit,
    output [12*`STATE_SIZE-1:0] state_after
);
    wire [8*`FEATURE_SIZE-1:0] features;
    wire [12*`STATE_SIZE-1:0] state;

    beat_line #(CLOCKS_PER_BIT) line (
        .clk(clk), .rx(rx), .tx(tx), .core_busy(core_busy),
        .features(features), .state(state), .logit(logit), .state_after(state_after)
    );
    reg [8*`FEATURE_SIZE-1:0] held_features;
    reg [12*`STATE_SIZE-1:0] held_state;
    always @(posedge core_clk) begin
        held_features <= direct ? direct_features : features;
        held_state <= direct ? direct_state : state;
    end
    beat_step network (
        .clk(core_clk),
        .features(held_features),
        .state(held_state),
        .logit(logit),
        .state_after(state_after)
    );
endmodule
