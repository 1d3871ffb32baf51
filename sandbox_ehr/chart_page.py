from flask import Blueprint

from sandbox_ehr.authorization.grants import Grants
from sandbox_ehr.config import SandboxConfig
from sandbox_ehr.hook_client import HookClient
from sandbox_ehr.store.interface import Backend


def create_blueprint(
    config: SandboxConfig, grants: Grants, *, backend: Backend, hooks: HookClient
) -> Blueprint:
    return Blueprint("chart", __name__)
