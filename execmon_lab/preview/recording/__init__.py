"""What a run's screens showed, kept for later: written while it runs, looked at by time, made into a video.

recording = Recording(folder)
recording.frame_at("emulator-5554", at=recording.index("emulator-5554")[0].at)
"""

from .recorder import LAST_SECONDS, Keep, Recorder
from .recording import Moment, Recording, track_path
from .track import FrameMark, Gap, NoPicture, NoRecording, RecordedFrame, Track
from .writer import TrackWriter

__all__ = [
    "LAST_SECONDS",
    "FrameMark",
    "Gap",
    "Keep",
    "Moment",
    "NoPicture",
    "NoRecording",
    "RecordedFrame",
    "Recorder",
    "Recording",
    "Track",
    "TrackWriter",
    "track_path",
]
