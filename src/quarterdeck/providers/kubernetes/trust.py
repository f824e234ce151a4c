"""TLS with a cluster: whose certificate is trusted, and the one that we show."""

from __future__ import annotations

import ssl
import tempfile
from pathlib import Path

from quarterdeck.providers.base import ProviderError
from quarterdeck.providers.kubernetes.kubeconfig import Access


def trusting(access: Access) -> ssl.SSLContext:
    """The authority of a kubeconfig stands for those of the system, as for kubectl. Raises ProviderError."""
    try:
        context = ssl.create_default_context(cadata=access.authority or None)
    except (ssl.SSLError, ValueError):
        message = "the certificate-authority of the cluster holds no certificate"
        raise ProviderError("misconfigured", message, "it must be in PEM form") from None
    if access.certificate and access.key:
        try:
            _show(context, access)
        except (ssl.SSLError, ValueError):
            message = "client-certificate and client-key of the kubeconfig don't fit, or aren't in PEM form"
            raise ProviderError("misconfigured", message) from None
    return context


def _show(context: ssl.SSLContext, access: Access) -> None:
    """Python's ssl takes these from files only: they are in a folder of ours alone for a moment."""
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = Path(folder, "certificate"), Path(folder, "key")
        certificate.write_text(access.certificate, encoding="utf-8")
        key.write_text(access.key, encoding="utf-8")
        context.load_cert_chain(certificate, key)
