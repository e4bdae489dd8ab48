"""The dashboards for Grafana: written by ``python -m ops.grafana``, so that they follow the metrics and the panels."""
