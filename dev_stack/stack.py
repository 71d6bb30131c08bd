"""The whole stack: services, old server, new server, bridge, site and front door."""

from __future__ import annotations

import contextlib
import secrets
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from dev_stack import migrations
from dev_stack.endpoints import Endpoints
from dev_stack.files import write_atomically
from dev_stack.frontdoor import FrontDoor
from dev_stack.ports import HOST
from dev_stack.runtime import Runtime
from dev_stack.services import entrance, haproxy, postgres, rabbitmq
from dev_stack.services.entrance import Entrance
from dev_stack.services.given import reachable_postgres, reachable_rabbitmq
from dev_stack.services.postgres_programs import postgres_programs
from dev_stack.site import (
    Site,
    SitePorts,
    bridge_part,
    channels_part,
    legacy_part,
    sample_site_folder,
    site_part,
)
from dev_stack.stack_options import StackOptions as StackOptions  # noqa: PLC0414
from dev_stack.stack_options import made_folder, make_way, unwritable
from dev_stack.supervisor import Report, StopRequest, Supervisor
from wsmigrate.errors import UnavailableError


def _silent(_sentence: str) -> None:
    return


class Stack:
    """A stack that runs as long as its owner does. Use it as a context manager.

    Parts that die are started again, on the same ports and data. Whatever happens to the owner,
    nothing that was started outlives it by more than some seconds.
    """

    def __init__(self, options: StackOptions | None = None) -> None:
        self.options = options or StackOptions()
        self.stop_request = StopRequest()
        self._runtime: Runtime | None = None
        self._front_door: FrontDoor | None = None
        self._entrance: Entrance | None = None
        self._site: Site | None = None
        self._endpoints: Endpoints | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def endpoints(self) -> Endpoints:
        """Where the parts are reached, and their processes as of about a second ago."""
        if self._endpoints is None:
            raise UnavailableError("The stack is not ready, so it has no endpoints yet.")
        return self._endpoints

    @property
    def front_door(self) -> FrontDoor:
        """What shares out the rooms; its weights outlive a restart of HAProxy."""
        if self._front_door is None:
            raise UnavailableError("The stack is not ready, so it has no front door yet.")
        return self._front_door

    @property
    def entrance(self) -> Entrance:
        """What browsers connect to, where the options say that there is one."""
        if self._entrance is None:
            raise UnavailableError("The stack has no entrance, or is not ready.")
        return self._entrance

    @property
    def site(self) -> Site:
        """The sample site: its folder, and the environment of its processes."""
        if self._site is None:
            raise UnavailableError("The stack is not ready, so it has no site yet.")
        return self._site

    @property
    def folder(self) -> Path:
        """The stack's own folder, which goes with it."""
        return self._running().folder

    @property
    def supervisor(self) -> Supervisor:
        """What looks after the parts."""
        return self._running().supervisor

    def start(self, progress: Report = _silent) -> Endpoints:
        """Start everything and wait until it is ready.

        ``progress`` gets a sentence for each step, and for each crash and restart later on; those
        come from another thread. Raises WsmigrateError, StoppedError if a stop was requested; what
        was started by then is ended by ``stop``.
        """
        if self._runtime is not None:
            raise RuntimeError("a stack starts only once")
        options = self._checked_options()
        folder = sample_site_folder()
        runtime = self._runtime = Runtime(
            progress,
            logs=options.logs,
            stop_request=self.stop_request,
            on_tick=self._tick,
        )
        site_ports = _claimed_ports(runtime, options)
        haproxy_program = haproxy.haproxy_program(progress)
        amqp_url, dsn = self._start_services(runtime, progress)
        site = self._site = Site(
            folder, runtime.folder / "site.sqlite3", amqp_url, dsn, site_ports, options.extra_env
        )
        self._migrate(runtime, site, progress)
        self._start_parts(runtime, site)
        self._open_front_door(runtime, haproxy_program, site_ports)
        if options.entrance:
            self._open_entrance(runtime, haproxy_program, site_ports)
        self._endpoints = _endpoints(runtime, site, self.front_door)
        self._write_endpoints()
        return self.endpoints

    def run_until_stopped(self) -> None:
        """Return once a stop is requested. Raises what went wrong in the supervisor meanwhile."""
        while not self.stop_request.came_within(0.5):
            self._running().supervisor.raise_fault()

    def stop(self) -> None:
        """Stop everything, remove the stack's folder and its endpoints file."""
        runtime, self._runtime = self._runtime, None
        if runtime is None:
            return
        try:
            runtime.close()
        finally:
            self._endpoints = None
            if self.options.endpoints_file:
                self.options.endpoints_file.unlink(missing_ok=True)

    def _checked_options(self) -> StackOptions:
        options = self.options
        if options.endpoints_file:
            make_way(options.endpoints_file)
        if options.logs:
            options = replace(options, logs=made_folder(options.logs))
        if options.amqp_url is not None:
            reachable_rabbitmq(options.amqp_url)
        if options.postgres_dsn is not None:
            reachable_postgres(options.postgres_dsn)
        return options

    def _start_services(self, runtime: Runtime, progress: Report) -> tuple[str, str]:
        """Both are started at once: RabbitMQ takes its time. PostgreSQL is ready on return."""
        amqp_url, dsn = self.options.amqp_url, self.options.postgres_dsn
        if not amqp_url:
            programs = rabbitmq.rabbitmq_programs(progress)
            progress("starting RabbitMQ (10 to 20 s)")
            service = rabbitmq.private_rabbitmq(
                programs,
                runtime.folder,
                runtime.ports,
                unique=runtime.mark.stack,
                password=secrets.token_hex(12),
            )
            runtime.supervisor.start(service.spec)
            amqp_url = service.url
        if not dsn:
            progress("starting PostgreSQL")
            binaries = postgres_programs(runtime.folder, progress)
            service = postgres.private_postgres(
                binaries, runtime.folder, runtime.ports, runtime.mark
            )
            runtime.supervisor.start(service.spec)
            dsn = service.url
            runtime.supervisor.wait_until_ready(postgres.NAME)
        return amqp_url, dsn

    def _migrate(self, runtime: Runtime, site: Site, progress: Report) -> None:
        progress("making the tables")
        log = runtime.supervisor.log_of(migrations.NAME)
        migrations.migrate(site, runtime.mark, log, self.stop_request)
        if not self.options.amqp_url:
            runtime.supervisor.wait_until_ready(rabbitmq.NAME)

    def _start_parts(self, runtime: Runtime, site: Site) -> None:
        parts = (
            legacy_part(site),
            channels_part(site),
            bridge_part(site, runtime.mark, self.options.bridge_settings_module),
            site_part(site),
        )
        for part in parts:
            runtime.supervisor.start(part)
        runtime.supervisor.wait_until_ready(*(part.name for part in parts))

    def _open_front_door(self, runtime: Runtime, program: Path, ports: SitePorts) -> None:
        door = haproxy.FrontDoorPorts(ports.front, ports.legacy, ports.channels)
        service = haproxy.private_haproxy(program, runtime.folder, door)
        runtime.supervisor.start(service.spec)
        runtime.supervisor.wait_until_ready(haproxy.NAME)
        self._front_door = service.front_door

    def _open_entrance(self, runtime: Runtime, program: Path, ports: SitePorts) -> None:
        spec, self._entrance = entrance.private_entrance(program, runtime.folder, ports)
        runtime.supervisor.start(spec)
        runtime.supervisor.wait_until_ready(spec.name)

    def _tick(self) -> None:
        runtime, endpoints = self._runtime, self._endpoints
        if runtime is None or endpoints is None:
            return
        if runtime.supervisor.is_ready(haproxy.NAME):
            # One that has just died is started again with the state of a second ago.
            with contextlib.suppress(UnavailableError):
                self.front_door.save_state()
        pids = runtime.supervisor.pids()
        if runtime.supervisor.all_ready() and pids != endpoints.pids:
            self._endpoints = replace(endpoints, pids=pids)
            self._write_endpoints()

    def _write_endpoints(self) -> None:
        file = self.options.endpoints_file
        if file is None:
            return
        try:
            write_atomically(file, self.endpoints.to_json())
        except OSError as error:
            raise unwritable(file, error) from error

    def _running(self) -> Runtime:
        if self._runtime is None:
            raise RuntimeError("the stack does not run")
        return self._runtime


def _claimed_ports(runtime: Runtime, options: StackOptions) -> SitePorts:
    ports = runtime.ports
    return SitePorts(
        http=ports.wanted(options.http_port, "the site"),
        legacy=ports.wanted(options.legacy_port, "the old server"),
        channels=ports.wanted(options.channels_port, "the new server"),
        channels_admin=ports.free(),
        front=ports.wanted(options.front_port, "the front door"),
        entrance=ports.free() if options.entrance else 0,
    )


def _endpoints(runtime: Runtime, site: Site, front_door: FrontDoor) -> Endpoints:
    pids = runtime.supervisor.pids()
    names = (*pids, migrations.NAME)
    return Endpoints(
        amqp_url=site.amqp_url,
        postgres_dsn=site.postgres_dsn,
        http_url=f"http://{HOST}:{site.ports.http}",
        legacy_ws_url=f"ws://{HOST}:{site.ports.legacy}",
        channels_ws_url=f"ws://{HOST}:{site.ports.channels}",
        channels_admin_url=f"http://{HOST}:{site.ports.channels_admin}",
        front_ws_url=f"ws://{HOST}:{site.ports.front}",
        public_ws_url=f"ws://{HOST}:{site.ports.public}",
        haproxy_socket=str(front_door.socket_path),
        pids=pids,
        logs={name: str(runtime.supervisor.log_of(name)) for name in names},
    )
