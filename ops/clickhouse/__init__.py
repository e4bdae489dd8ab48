"""The embedded ClickHouse: the engine of ``chdb`` behind ClickHouse's HTTP interface."""
