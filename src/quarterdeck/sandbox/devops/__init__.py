"""Azure DevOps' REST interfaces, as far as they are about pipelines and releases."""
