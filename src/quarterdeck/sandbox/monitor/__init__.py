"""Azure Monitor on the wire: metrics of resources, alerts, and the rules that raise them."""
