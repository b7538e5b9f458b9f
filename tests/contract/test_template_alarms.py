"""Who is told what: dead letters, queues that stand still, functions that raise."""

import inspect
import re

from penstock.engine import circuit
from tests.contract.cloudformation import DEAD_LETTER_QUEUES, QUEUES, of_type, target


def watched(metric: str) -> set[str]:
    """Logical ids of what alarms watch by a metric."""
    found: set[str] = set()
    for alarm in of_type("AWS::CloudWatch::Alarm").values():
        metrics = [each["MetricStat"]["Metric"] for each in alarm.get("Metrics", []) if "MetricStat" in each]
        for each in [*metrics, *([alarm] if "MetricName" in alarm else [])]:
            if each["MetricName"] == metric:
                found |= {target(dimension["Value"]) for dimension in each["Dimensions"]}
    return found


def test_alarms_watch_dead_letters_waiting_messages_and_errors() -> None:
    assert watched("ApproximateNumberOfMessagesVisible") == {*DEAD_LETTER_QUEUES, "StreamFailures"}
    assert watched("ApproximateAgeOfOldestMessage") == set(QUEUES)
    assert watched("Errors") == set(of_type("AWS::Lambda::Function"))


def test_alarm_on_dead_letters_also_sees_those_already_settled() -> None:
    assert watched("Invocations") == {"DeadLettersFunction"}


def test_alarm_expressions_use_every_metric_they_list() -> None:
    for alarm in of_type("AWS::CloudWatch::Alarm").values():
        expressions = " ".join(each["Expression"] for each in alarm.get("Metrics", []) if "Expression" in each)
        named = {each["Id"] for each in alarm.get("Metrics", []) if "MetricStat" in each}
        assert set(re.findall(r"[a-z_]+", expressions)) == named


def test_alarms_are_mailed_where_an_address_is_given() -> None:
    for alarm in of_type("AWS::CloudWatch::Alarm").values():
        assert alarm["AlarmActions"]["Fn::If"][:2] == ["MailsAlarms", [{"Ref": "AlarmTopic"}]]


def test_the_alarm_on_breakers_hears_what_the_worker_logs() -> None:
    """The filter's words are those that the engine logs, whatever the level that functions log."""
    (heard,) = of_type("AWS::Logs::MetricFilter").values()
    (found,) = heard["MetricTransformations"]
    (alarm,) = (
        each for each in of_type("AWS::CloudWatch::Alarm").values() if each.get("MetricName") == "BreakerOpened"
    )
    assert (alarm["MetricName"], alarm["Namespace"]) == (found["MetricName"], found["MetricNamespace"])
    assert target(heard["LogGroupName"]) == "WorkerLogs"
    words = re.search(r'\$\.message = "(.*)"', heard["FilterPattern"])
    assert words
    assert f'log.error("{words[1]}"' in inspect.getsource(circuit)
