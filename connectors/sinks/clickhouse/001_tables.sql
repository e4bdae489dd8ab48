-- A repeated result replaces itself: the newest of the same origin counts. Not partitioned, because rows are only
-- replaced within a partition, and a repeat may be made much later.
CREATE TABLE IF NOT EXISTS matches
(
    origin_topic LowCardinality(String) COMMENT 'The input record that was answered',
    origin_partition Int32,
    origin_offset Int64 CODEC(Delta, ZSTD),
    event_id String CODEC(ZSTD),
    source_id String CODEC(ZSTD),
    created_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD),
    trace_context String CODEC(ZSTD),
    made_by LowCardinality(String) COMMENT 'Version of the index and model',
    kind LowCardinality(String) COMMENT 'clip or live',
    clip_id String CODEC(ZSTD),
    status LowCardinality(String) COMMENT 'matched, unknown or failed',
    error_type LowCardinality(String),
    error_message String CODEC(ZSTD),
    work_id LowCardinality(String) COMMENT 'The work that was recognised; this and what follows is empty unless matched',
    title LowCardinality(String),
    composer LowCardinality(String),
    confidence Float64,
    ref_start_s Float64,
    ref_end_s Float64,
    transposition Int32,
    tempo_ratio Float64,
    candidates Nested
    (
        work_id LowCardinality(String),
        confidence Float64,
        ref_start_s Float64,
        ref_end_s Float64,
        transposition Int32,
        tempo_ratio Float64,
        score Float64,
        matched_notes Int32
    ) COMMENT 'Ranked, best first, whatever the status',
    notes_heard Int32,
    time_s Float64,
    compute_ms Float64,
    latency_ms Float64,
    INDEX by_time created_at TYPE minmax
)
ENGINE = ReplacingMergeTree(created_at)
ORDER BY (origin_topic, origin_partition, origin_offset);

CREATE TABLE IF NOT EXISTS dead_letters
(
    origin_topic LowCardinality(String) COMMENT 'The record that could not be handled',
    origin_partition Int32,
    origin_offset Int64 CODEC(Delta, ZSTD),
    stage LowCardinality(String) COMMENT 'Who could not handle it',
    event_id String CODEC(ZSTD),
    source_id String CODEC(ZSTD),
    created_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD),
    error_type LowCardinality(String),
    message String CODEC(ZSTD),
    attempts Int32,
    key String CODEC(ZSTD),
    value String CODEC(ZSTD) COMMENT 'Its first bytes; value_size is how many there were',
    value_size Int64,
    INDEX by_time created_at TYPE minmax
)
ENGINE = ReplacingMergeTree(created_at)
ORDER BY (origin_topic, origin_partition, origin_offset, stage);

-- A tombstone is a row with removed = 1; FINAL leaves it out.
CREATE TABLE IF NOT EXISTS works
(
    work_id String CODEC(ZSTD),
    title String CODEC(ZSTD),
    composer LowCardinality(String),
    path String CODEC(ZSTD),
    licence LowCardinality(String),
    updated_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    catalogue_offset UInt64 COMMENT 'Where the topic catalogue says so',
    removed UInt8
)
ENGINE = ReplacingMergeTree(catalogue_offset, removed)
ORDER BY work_id;
