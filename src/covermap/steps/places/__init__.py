"""Key places: samples attached to key points, and what is said of points, places and scenes."""

from covermap.steps.places.evidence import count_places
from covermap.steps.places.verdicts import OF_PLACES, judge_key_places

__all__ = ["OF_PLACES", "count_places", "judge_key_places"]
