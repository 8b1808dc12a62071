"""One file per kind of personal data or secret.

A recognizer is a module with `ENTITY_TYPE`, `CRITICAL` (it names a person or opens a door), `find(text)` and
`normalise(value)` (equal for two spellings of one value). A `find` that asks for `regions` gets the country codes
of the settings. Every `find` takes time linear in its text: patterns run in RE2, or cannot match in two ways.
"""
