import pytest

from retune.core import chat_template

HARMLESS = [
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message.content | trim }}{{ eos_token }}{% endfor %}",
    "{%- set ns = namespace(first=true) -%}{% if ns.first %}{% set ns.first = false %}{% endif %}",
    "{% for m in messages %}{% continue %}{%- generation -%}{{ m['content'] }}{%- endgeneration -%}{% endfor %}",
    "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}{{ tools | tojson(indent=2) }}",
    "{% macro say(x) %}{{ x.split('</think>')[-1].lstrip('\\n') }}{% endmacro %}{{ say(messages[-1].content) }}",
    "{{ strftime_now('%d %b %Y') }}{% for name, value in tool.items() %}{{ name ~ value }}{% endfor %}",
]
ESCAPES = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ ''['__class__'] }}",
    "{{ ''['\\x5f\\x5fclass\\x5f\\x5f'] }}",
    "{{ ''['__cla' ~ 'ss__'] }}",
    "{{ '' | attr('_' ~ '_class__') }}",
    "{{ messages | map('attr', 'x') | list }}{{ cycler.init }}",
    "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "{{ self._TemplateReference__context }}",
    "{{ joiner }}",
    "{% include 'secrets.txt' %}",
    "{% from 'other' import name %}",
    "{% extends 'other' %}",
    "{{ messages.append._x }}",
    "{% for %}",
    "{{ " + "(" * 5000 + " }}",
    "x" * 300_000,
]


@pytest.mark.parametrize("text", HARMLESS)
def test_a_template_that_only_renders_passes(text: str) -> None:
    assert chat_template.faults(text) == []


@pytest.mark.parametrize("text", ESCAPES, ids=range(len(ESCAPES)))
def test_a_template_that_reaches_further_is_named(text: str) -> None:
    assert chat_template.faults(text)
