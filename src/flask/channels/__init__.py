"""Messages to the listeners in every process: publish, subscribe, resume, server-sent events.

Nothing outside this package imports it: an application that does not use it pays nothing.
"""

from __future__ import annotations

from ._channels import Channels as Channels
from ._messages import Message as Message
from ._publication import Publication as Publication
from ._settings import Unavailable as Unavailable
from ._subscription import Subscription as Subscription
