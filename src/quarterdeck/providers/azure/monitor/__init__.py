"""Azure Monitor as a source of evidence: metrics of resources, and alerts that have fired."""
