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
from ._merging._cluster_ids import ClusterEvent
from ._merging._entry import merge_clusters
from ._merging._members import Members
from ._merging._merge_log import MergeLog
from ._merging._merging import Undone
from ._merging._rules import (
    FirstSeen,
    Longest,
    MostComplete,
    MostFrequent,
    MostRecent,
    Newest,
    Oldest,
    RefusalWins,
    ScoredBy,
    SurvivorFirst,
    SurvivorshipRule,
    SurvivorsOwn,
    TrustedSource,
    Verified,
    register_score,
)
from ._merging._survivorship import Survivorship
from ._merging._united import United
from ._merging._wellformed import WellFormed
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
from ._threshold import Precision, Threshold

__all__ = [
    "BlockingRule",
    "ClusterEvent",
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
    "MergeLog",
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
    "ScoredBy",
    "Scores",
    "SurvivorFirst",
    "SurvivorsOwn",
    "Survivorship",
    "SurvivorshipRule",
    "Threshold",
    "TrustedSource",
    "Undone",
    "United",
    "Verified",
    "WellFormed",
    "compare_runs",
    "comparisons",
    "evaluate",
    "merge_clusters",
    "plot_blocks",
    "plot_precision_recall",
    "plot_reliability",
    "plot_scores",
    "plot_waterfall",
    "plot_weights",
    "register_score",
    "reliability_curve",
    "threshold_curve",
]
