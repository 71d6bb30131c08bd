from pathlib import Path

from dev_stack.services.rabbitmq import configuration, environment

HOME = Path("/home/of/the/node")


def test_the_node_listens_on_loopback_only():
    assert "listeners.tcp.1 = 127.0.0.1:5001\n" in configuration(5001, "s3cret")
    arguments = environment(HOME, "n@localhost", 5002, 5003)
    assert arguments["ERL_EPMD_ADDRESS"] == "127.0.0.1"
    assert "{127,0,0,1}" in arguments["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"]


def test_nothing_of_an_installation_is_read_or_written():
    env = environment(HOME, "n@localhost", 5002, 5003)
    files = {value for value in env.values() if value.startswith("/")}
    assert all(Path(file).is_relative_to(HOME) for file in files)
    assert {"HOME", "RABBITMQ_CONF_ENV_FILE", "RABBITMQ_CONFIG_FILE", "RABBITMQ_MNESIA_BASE"} <= {
        name for name, value in env.items() if value in files
    }


def test_the_port_mapper_and_the_name_are_its_own():
    env = environment(HOME, "n@localhost", 5002, 5003)
    assert env["RABBITMQ_NODENAME"] == "n@localhost"
    assert env["RABBITMQ_DIST_PORT"] == "5002"
    assert env["ERL_EPMD_PORT"] == "5003"
