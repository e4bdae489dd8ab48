-- Named by what they are, not by where they were read: whoever makes an event again makes it with the same name.
CREATE TABLE IF NOT EXISTS beats
(
    source_id String CODEC(ZSTD),
    session_id String CODEC(ZSTD),
    number Int64 CODEC(Delta, ZSTD) COMMENT 'Counts the beats of the session from 1',
    event_id String CODEC(ZSTD),
    created_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD),
    source_zero_us Int64 COMMENT 'When the clock of the source stood at 0, microseconds since the epoch',
    time_s Float64 COMMENT 'On the clock of the source',
    position Int32,
    downbeat Bool,
    beats_per_bar Int32,
    tempo_bpm Float64,
    confidence Float64,
    next_beat_s Float64,
    basis LowCardinality(String) COMMENT 'network or score',
    work_id LowCardinality(String),
    made_by LowCardinality(String),
    INDEX by_time created_at TYPE minmax
)
ENGINE = ReplacingMergeTree(created_at)
ORDER BY (source_id, session_id, number);

CREATE TABLE IF NOT EXISTS sections
(
    source_id String CODEC(ZSTD),
    session_id String CODEC(ZSTD),
    clip_id String CODEC(ZSTD),
    start_s Float64,
    end_s Nullable(Float64) COMMENT 'NULL while it goes on',
    event_id String CODEC(ZSTD),
    created_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD),
    label LowCardinality(String),
    confidence Float64,
    basis LowCardinality(String) COMMENT 'heard or score',
    work_id LowCardinality(String),
    made_by LowCardinality(String),
    INDEX by_time created_at TYPE minmax
)
ENGINE = ReplacingMergeTree(created_at)
ORDER BY (source_id, session_id, clip_id, start_s);

CREATE TABLE IF NOT EXISTS triggers
(
    key String CODEC(ZSTD) COMMENT 'Source, session and beat',
    source_id String CODEC(ZSTD),
    session_id String CODEC(ZSTD),
    event_id String CODEC(ZSTD),
    created_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD) COMMENT 'When it was issued',
    due_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD) COMMENT 'When its beat was expected',
    trigger LowCardinality(String),
    error_type LowCardinality(String),
    beat Int64,
    section LowCardinality(String),
    tempo Float64,
    time_s Float64,
    basis LowCardinality(String) COMMENT 'predicted or heard',
    made_by LowCardinality(String),
    INDEX by_time created_at TYPE minmax
)
ENGINE = ReplacingMergeTree(created_at)
ORDER BY key;

CREATE TABLE IF NOT EXISTS error_events
(
    trigger_key String CODEC(ZSTD),
    part Int32,
    parts Int32,
    source_id String CODEC(ZSTD),
    session_id String CODEC(ZSTD),
    event_id String CODEC(ZSTD),
    created_at DateTime64(6, 'UTC') CODEC(Delta, ZSTD),
    style LowCardinality(String),
    code LowCardinality(String),
    severity LowCardinality(String),
    message String CODEC(ZSTD),
    component LowCardinality(String),
    location LowCardinality(String),
    governing_body LowCardinality(String),
    beat Int64,
    section LowCardinality(String),
    tempo Float64,
    INDEX by_time created_at TYPE minmax
)
ENGINE = ReplacingMergeTree(created_at)
ORDER BY (trigger_key, part);

CREATE VIEW IF NOT EXISTS triggers_per_minute AS
SELECT
    toStartOfMinute(created_at) AS minute,
    error_type,
    count() AS triggers,
    countIf(basis = 'predicted') AS predicted,
    uniqExact(source_id) AS sources,
    quantile(0.5)(abs(dateDiff('microsecond', due_at, created_at)) / 1000) AS off_p50_ms,
    quantile(0.95)(abs(dateDiff('microsecond', due_at, created_at)) / 1000) AS off_p95_ms
FROM triggers FINAL
GROUP BY minute, error_type;
