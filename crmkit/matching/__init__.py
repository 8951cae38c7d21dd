"""Which records are the same party, how sure are we, why, and what is the one good record."""

from . import comparisons
from ._asking import Question, Questions
from ._blocking import BlockingRule, RuleUse
from ._compare_runs import RunComparison, compare_runs
from ._diagnostics import Diagnostics
from ._evaluate import Evaluation, Scores, evaluate, reliability_curve, threshold_curve
from ._explain import EvidenceStep, PairExplanation
from ._fields import Comparison
from ._labels import Label, Labels
from ._matcher import Matcher
from ._model import MatchModel
from ._plots import (
    plot_blocks,
    plot_precision_recall,
    plot_reliability,
    plot_scores,
    plot_waterfall,
    plot_weights,
)
from ._report import LinkReport, MatchReport, PairReport
from ._survivorship import (
    FirstSeen,
    Longest,
    Members,
    MostComplete,
    MostFrequent,
    MostRecent,
    Newest,
    Oldest,
    RefusalWins,
    Survivorship,
    SurvivorshipRule,
    SurvivorsOwn,
    TrustedSource,
)
from ._threshold import Precision, Threshold
from ._wellformed import WellFormed

__all__ = [
    "BlockingRule",
    "Comparison",
    "Diagnostics",
    "Evaluation",
    "EvidenceStep",
    "FirstSeen",
    "Label",
    "Labels",
    "LinkReport",
    "Longest",
    "MatchModel",
    "MatchReport",
    "Matcher",
    "Members",
    "MostComplete",
    "MostFrequent",
    "MostRecent",
    "Newest",
    "Oldest",
    "PairExplanation",
    "PairReport",
    "Precision",
    "Question",
    "Questions",
    "RefusalWins",
    "RuleUse",
    "RunComparison",
    "Scores",
    "SurvivorsOwn",
    "Survivorship",
    "SurvivorshipRule",
    "Threshold",
    "TrustedSource",
    "WellFormed",
    "compare_runs",
    "comparisons",
    "evaluate",
    "plot_blocks",
    "plot_precision_recall",
    "plot_reliability",
    "plot_scores",
    "plot_waterfall",
    "plot_weights",
    "reliability_curve",
    "threshold_curve",
]
