"""Hold out what comes last: by position in a history or by time."""

from skdiffuasr.model_selection.leave_first_out import leave_first_out
from skdiffuasr.model_selection.leave_last_out import LeaveLastOut, leave_last_out
from skdiffuasr.model_selection.temporal_split import TemporalSplit

__all__ = ["LeaveLastOut", "TemporalSplit", "leave_first_out", "leave_last_out"]
