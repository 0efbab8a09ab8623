"""What Home Assistant is told of this device over MQTT, and what it may ask."""
