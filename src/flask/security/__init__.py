"""Secure defaults by one call: ``Security(app)``.

Each item can be set or turned off alone, for the application, a blueprint or a view. Nothing
outside this package imports it.
"""

from __future__ import annotations

from ._extension import Security as Security
from ._headers import csp_nonce as csp_nonce
from ._proxies import TrustedProxies as TrustedProxies
