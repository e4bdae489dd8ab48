-- The instruments that were heard in clips.
CREATE TABLE IF NOT EXISTS instruments
(
    origin_topic LowCardinality(String),
    origin_partition Int32,
    origin_offset Int64 CODEC(Delta, ZSTD),
    event_id String CODEC(ZSTD),
    source_id String CODEC(ZSTD),
    created_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD),
    clip_id String CODEC(ZSTD),
    name String CODEC(ZSTD),
    made_by LowCardinality(String),
    status LowCardinality(String),
    error_type LowCardinality(String),
    error_message String CODEC(ZSTD),
    instruments Array(LowCardinality(String)) COMMENT 'All labels, most probable first',
    probabilities Array(Float64) COMMENT 'In the same order',
    duration_s Float64,
    compute_ms Float64,
    latency_ms Float64,
    INDEX by_time created_at TYPE minmax
)
ENGINE = ReplacingMergeTree(created_at)
ORDER BY (origin_topic, origin_partition, origin_offset);
