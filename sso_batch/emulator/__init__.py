"""A local AWS emulator with made-up organizations, for demos and tests.

Any AWS client can use it. It imports neither the rest of the package nor boto3 or botocore, and it is as
strict as AWS: a request that the emulator accepts is one that AWS would accept.
"""

from sso_batch.emulator.configuration import configuration, shared_credentials
from sso_batch.emulator.demo_data import demo_world
from sso_batch.emulator.emulator import Emulator
from sso_batch.emulator.faults import Fault
from sso_batch.emulator.limits import Limits, Rate
from sso_batch.emulator.service import Behaviour
from sso_batch.emulator.world import World
from sso_batch.emulator.world.builder import HUB, audit_role
from sso_batch.emulator.world.generator import Shape, generate

__all__ = [
    "HUB",
    "Behaviour",
    "Emulator",
    "Fault",
    "Limits",
    "Rate",
    "Shape",
    "World",
    "audit_role",
    "configuration",
    "demo_world",
    "generate",
    "shared_credentials",
]
