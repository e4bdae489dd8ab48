// The Verilated design behind plain functions: its core alone, a new frame at every clock; or the whole board, whose
// pins are moved bit by bit for the bytes of a file descriptor, such as one end of a pseudo-terminal.
#include <poll.h>
#include <unistd.h>

#include <cstdint>
#include <deque>

#include "Vbeat_sim.h"
#include "beat_sizes.h"

namespace {

constexpr int HELD_CYCLES = CORE_CYCLES + 1;  // with the registers before the core
constexpr int IDLE_CYCLES = 40 * CLOCKS_PER_BIT + 4 * CORE_CYCLES;  // longer than the board thinks between two bytes

template <typename Words>
void set(Words &words, int low, int width, uint32_t code) {
    for (int bit = 0; bit < width; bit++) {
        uint32_t &word = words[(low + bit) / 32];
        const uint32_t mask = 1u << ((low + bit) % 32);
        word = (code >> bit) & 1u ? word | mask : word & ~mask;
    }
}

template <typename Words>
int16_t get(const Words &words, int low, int width) {
    uint32_t code = 0;
    for (int bit = 0; bit < width; bit++) code |= ((words[(low + bit) / 32] >> ((low + bit) % 32)) & 1u) << bit;
    return static_cast<int16_t>(static_cast<int32_t>(code << (32 - width)) >> (32 - width));
}

bool fill(int line_fd, std::deque<uint8_t> &waiting, bool block) {
    pollfd line{line_fd, POLLIN, 0};
    if (poll(&line, 1, block ? -1 : 0) <= 0) return true;
    uint8_t bytes[4096];
    const ssize_t count = read(line_fd, bytes, sizeof bytes);
    if (count <= 0) return false;
    waiting.insert(waiting.end(), bytes, bytes + count);
    return true;
}

void step_core(Vbeat_sim &design) {
    design.core_clk = 0;
    design.eval();
    design.core_clk = 1;
    design.eval();
}

}  // namespace

extern "C" void *beat_open() { return new Vbeat_sim(); }

extern "C" void beat_close(void *design) { delete static_cast<Vbeat_sim *>(design); }

extern "C" void beat_step(void *design, int32_t sources, const int8_t *features, const int16_t *state, int16_t *logit,
                          int16_t *state_after) {
    Vbeat_sim &top = *static_cast<Vbeat_sim *>(design);
    top.direct = 1;
    for (int32_t cycle = 0; cycle < sources + HELD_CYCLES; cycle++) {
        if (cycle < sources) {
            for (int i = 0; i < FEATURE_SIZE; i++) set(top.direct_features, 8 * i, 8, static_cast<uint8_t>(*features++));
            for (int i = 0; i < STATE_SIZE; i++) set(top.direct_state, 12 * i, 12, static_cast<uint16_t>(*state++) & 0xfffu);
        }
        if (cycle >= HELD_CYCLES) {
            const uint32_t words[1] = {static_cast<uint32_t>(top.logit)};
            for (int i = 0; i < 2; i++) *logit++ = get(words, 12 * i, 12);
            for (int i = 0; i < STATE_SIZE; i++) *state_after++ = get(top.state_after, 12 * i, 12);
        }
        step_core(top);
    }
}

// Be the board until the other end of the line is closed.
extern "C" void beat_board(int32_t line_fd) {
    Vbeat_sim board;
    std::deque<uint8_t> waiting;
    int sending = 0, send_left = 0, receiving = 0, receive_left = 0, quiet = IDLE_CYCLES;
    uint16_t send_bits = 0;
    bool was_busy = false;
    board.rx = 1;
    for (;;) {
        if (send_left == 0 && sending == 0) {
            if (waiting.empty() && !fill(line_fd, waiting, quiet >= IDLE_CYCLES)) return;
            if (!waiting.empty()) {
                send_bits = static_cast<uint16_t>(0x200u | (waiting.front() << 1));  // stop bit, byte, start bit
                waiting.pop_front();
                send_left = 10;
            }
        }
        if (sending == 0 && send_left > 0) {
            board.rx = send_bits & 1u;
            send_bits >>= 1;
            send_left--;
            sending = CLOCKS_PER_BIT;
        }
        if (sending > 0) sending--;
        const bool busy = board.core_busy;
        if (busy && !was_busy) step_core(board);  // the core's registers take what has arrived
        was_busy = busy;
        board.clk = 0;
        if (busy) board.core_clk = 0;
        board.eval();
        board.clk = 1;
        if (busy) board.core_clk = 1;
        board.eval();
        quiet = (send_left || sending || board.core_busy || !board.tx) ? 0 : quiet < IDLE_CYCLES ? quiet + 1 : quiet;
        if (receive_left == 0) {
            if (!board.tx) receive_left = 10 * CLOCKS_PER_BIT - 1, receiving = 0;
        } else {
            receive_left--;
            const int since = 10 * CLOCKS_PER_BIT - 1 - receive_left;
            const int bit = since / CLOCKS_PER_BIT;
            if (since % CLOCKS_PER_BIT == CLOCKS_PER_BIT / 2 && bit >= 1 && bit <= 8) receiving |= board.tx << (bit - 1);
            if (receive_left == CLOCKS_PER_BIT / 4) {
                const uint8_t byte = static_cast<uint8_t>(receiving);
                if (write(line_fd, &byte, 1) != 1) return;
                receive_left = 0;
            }
        }
    }
}
