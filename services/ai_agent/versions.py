"""What stands in the place of a model's name where none was asked."""

LOCAL_MODEL = "local"
LOCAL_VERSION = "local-2"
PERSON = "person"
