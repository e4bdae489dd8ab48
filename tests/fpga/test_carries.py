"""Carry chains of the chip: they add and subtract as they should, and nothing is led into or out of them in vain."""

from __future__ import annotations

import itertools
import json
import subprocess
from pathlib import Path

from fpga.netlist import cut_chains_loose
from fpga.synthesis import CARRY_MAP

CELLS = r"""
module \$pos #(parameter A_SIGNED = 0, A_WIDTH = 1, Y_WIDTH = 1) (input [A_WIDTH-1:0] A, output [Y_WIDTH-1:0] Y);
    wire signed [A_WIDTH-1:0] read = A;
    wire signed [Y_WIDTH-1:0] widened = read;
    wire [Y_WIDTH-1:0] filled = A;
    assign Y = A_SIGNED ? widened : filled;
endmodule

// two halves: PASS[b, a] says whether a carry passes, else MAKE[b, a] is the carry
module half #(parameter [15:0] TABLE = 0) (input carry, a, b, c, d, output sum, next);
    wire passes = TABLE[{d, c, b, a}];
    assign sum = passes ^ carry;
    assign next = passes ? carry : TABLE[{2'b00, b, a}];
endmodule

module CCU2C #(parameter [15:0] INIT0 = 0, INIT1 = 0, parameter INJECT1_0 = "NO", INJECT1_1 = "NO") (
    input CIN, A0, B0, C0, D0, A1, B1, C1, D1, output S0, S1, COUT
);
    wire between;
    half #(INIT0) lower (.carry(CIN), .a(A0), .b(B0), .c(C0), .d(D0), .sum(S0), .next(between));
    half #(INIT1) upper (.carry(between), .a(A1), .b(B1), .c(C1), .d(D1), .sum(S1), .next(COUT));
endmodule
"""
LED_IN = "carry[0] = 1'b0"
WIDTHS = [(3, 3, 4), (4, 2, 5), (2, 5, 5), (5, 5, 3), (4, 4, 6)]
KINDS = list(itertools.product(WIDTHS, (0, 1), (0, 1), (0, 1), (0, 5)))
"""Widths of A, B and the sum; signed; subtracting; a carry in; which low bits of B are known."""


def _one(number: int, kind: tuple[tuple[int, int, int], int, int, int, int]) -> str:
    (a, b, y), signed, inverted, carry, known = kind
    known &= (1 << b) - 1
    b_is = f"(b[{b - 1}:0] & ~{b}'d{known}) | {b}'d{known & 4}"
    return f"""
    wire [{a - 1}:0] a{number} = a[{a - 1}:0];
    wire [{b - 1}:0] b{number} = {b_is};
    wire [{y + a - 1}:0] wide_a{number} = {{{{{y}{{{signed} && a{number}[{a - 1}]}}}}, a{number}}};
    wire [{y + b - 1}:0] wide_b{number} = {{{{{y}{{{signed} && b{number}[{b - 1}]}}}}, b{number}}};
    wire [{y - 1}:0] x{number}, y{number}, co{number};
    ecp5_alu #(
        .A_SIGNED({signed}), .B_SIGNED({signed}), .A_WIDTH({a}), .B_WIDTH({b}), .Y_WIDTH({y}),
        ._TECHMAP_CONSTMSK_CI_(1), ._TECHMAP_CONSTVAL_CI_({carry}),
        ._TECHMAP_CONSTMSK_BI_(1), ._TECHMAP_CONSTVAL_BI_({inverted}),
        ._TECHMAP_CONSTMSK_B_({b}'d{known}), ._TECHMAP_CONSTVAL_B_({b}'d{known & 4})
    ) alu{number} (
        .A(a{number}), .B(b{number}), .CI(1'd{carry}), .BI(1'd{inverted}), .X(x{number}), .Y(y{number}), .CO(co{number})
    );
    wire [{y - 1}:0] added{number} = wide_b{number}[{y - 1}:0] ^ {{{y}{{1'd{inverted}}}}};
    wire [{y - 1}:0] sum{number} = wide_a{number}[{y - 1}:0] + added{number} + {carry};
    assign wrong[{number}] = y{number} != sum{number};
"""


def test_additions_are_exact_whatever_is_known_of_them(tmp_path: Path) -> None:
    text = "".join(_one(number, kind) for number, kind in enumerate(KINDS))
    (tmp_path / "all.v").write_text(f"""{CELLS}
module all (input [4:0] a, b, output [{len(KINDS) - 1}:0] wrong);
{text}
endmodule
module bench;
    reg [10:0] count;
    wire [{len(KINDS) - 1}:0] wrong;
    all tried (.a(count[4:0]), .b(count[9:5]), .wrong(wrong));
    initial begin
        for (count = 0; count < 1024; count = count + 1) begin
            #1 if (wrong != 0) begin $display("wrong: %d %h", count, wrong); $finish; end
        end
        $display("all right");
        $finish;
    end
endmodule
""")
    mapped = CARRY_MAP.read_text()
    assert mapped.count(LED_IN) == 1
    (tmp_path / "carry_map.v").write_text(mapped.replace(LED_IN, "carry[0] = 1'b1"))  # nothing may depend on it
    command = ["verilator", "--binary", "-Wno-fatal", "-Wno-lint", "-Mdir", "made", "--top-module", "bench", "-O3"]
    made = subprocess.run([*command, "all.v", "carry_map.v"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    told = subprocess.run([tmp_path / "made" / "Vbench"], capture_output=True, text=True, check=True).stdout
    assert "all right" in told, told


def _cell(carry_in: object, carry_out: object, table: str) -> dict[str, object]:
    return {
        "type": "CCU2C",
        "parameters": {"INIT0": table},
        "port_directions": {"CIN": "input", "A0": "input", "COUT": "output", "S0": "output"},
        "connections": {"CIN": [carry_in], "A0": [9], "COUT": [carry_out], "S0": [10]},
    }


def _cut(tmp_path: Path, cells: dict[str, object]) -> dict[str, dict[str, list[object]]]:
    (tmp_path / "board.json").write_text(json.dumps({"modules": {"board": {"cells": cells}}}))
    cut_chains_loose(tmp_path / "board.json", tmp_path / "loose.json")
    held = json.loads((tmp_path / "loose.json").read_text())["modules"]["board"]["cells"]
    return {name: cell["connections"] for name, cell in held.items()}


def test_only_the_ends_of_chains_are_cut_loose(tmp_path: Path) -> None:
    cells = {"first": _cell("0", 5, "0" * 16), "last": _cell(5, 6, "0110000000001010")}
    wires = _cut(tmp_path, cells)
    assert wires["first"]["CIN"] == ["x"]
    assert wires["first"]["COUT"] == wires["last"]["CIN"] == [5]
    assert wires["last"]["COUT"] == ["x"]


def test_a_known_carry_that_a_chain_reads_stays(tmp_path: Path) -> None:
    assert _cut(tmp_path, {"first": _cell("0", 5, "0110000000001010")})["first"]["CIN"] == ["0"]
