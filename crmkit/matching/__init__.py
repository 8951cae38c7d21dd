"""Which records are the same party, how sure are we, why, and what is the one good record."""

from . import comparisons
from ._decisions._threshold import Precision, Threshold
from ._evaluation._clusters import Evaluation, Scores, evaluate, reliability_curve, threshold_curve
from ._evaluation._links import evaluate_links
from ._evaluation._runs import RunComparison, compare_runs
from ._kinds._company_names import CompanyNames
from ._kinds._fields import Comparison
from ._labelling._asking import Question, Questions
from ._labelling._labels import Label, Labels
from ._learning._model import MatchModel
from ._matcher import Matcher
from ._merging._cluster_ids import ClusterEvent
from ._merging._entry import merge_clusters
from ._merging._log._merge_log import MergeLog
from ._merging._log._merging import Undone
from ._merging._survival._members import Members
from ._merging._survival._rules import (
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
from ._merging._survival._survivorship import Survivorship
from ._merging._survival._united import United
from ._merging._survival._wellformed import WellFormed
from ._pairs._blocking import BlockingRule, RuleUse
from ._results._diagnostics import Diagnostics
from ._results._explain import EvidenceStep, PairExplanation
from ._results._link_report import LinkReport
from ._results._plots import (
    plot_blocks,
    plot_precision_recall,
    plot_reliability,
    plot_scores,
    plot_waterfall,
    plot_weights,
)
from ._results._report import MatchReport, PairReport
from .index import DuplicateCheck, Hit, MatchIndex
from .vendors import VENDORS, Condition, DuplicateRules, RuleReport, Same, Similar, vendor_rules

__all__ = [
    "VENDORS",
    "BlockingRule",
    "ClusterEvent",
    "CompanyNames",
    "Comparison",
    "Condition",
    "Diagnostics",
    "DuplicateCheck",
    "DuplicateRules",
    "Evaluation",
    "EvidenceStep",
    "FirstSeen",
    "Hit",
    "Label",
    "Labels",
    "LinkReport",
    "Longest",
    "MatchIndex",
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
    "RuleReport",
    "RuleUse",
    "RunComparison",
    "Same",
    "ScoredBy",
    "Scores",
    "Similar",
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
    "evaluate_links",
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
    "vendor_rules",
]
