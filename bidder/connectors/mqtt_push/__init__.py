"""Shop activity that is pushed over MQTT 3.1.1 (aiomqtt): QoS 1, TLS, a session that outlives the connection."""

from bidder.connectors.mqtt_push.settings import Broker, broker_of

__all__ = ["Broker", "broker_of"]
