"""The kinds of batches: one file each, with one `KIND = Kind(…)` value. `loader.load` finds them; no list.

Sub-packages hold what several kinds share: `intake` (reading requests), `documents` (text, HTML, slugs, languages) and
`prompts` (the wording, as text files).
"""
