"""Wording that leaves a worker guessing, and what to write instead. Text in backticks or quotes is never judged."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from kanban.briefs.findings import shorten

VAGUE = "vague-wording"
DANGLING = "dangling-reference"
NESTED = "nested-condition"

MOST_SLIPS = 20  # per text; beyond that the text wants rewriting, not a longer list

_MASK = "\ufffc"
_QUOTED = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|\"[^\"\n]{1,200}\"|“[^”\n]{1,200}”|https?://\S+", re.DOTALL)


@dataclass(frozen=True)
class Slip:
    """One slip of wording: its code, where it starts in the text, the words, and what to write instead."""

    code: str
    start: int
    words: str
    advice: str

    @property
    def message(self) -> str:
        return f"“{self.words}”: {self.advice}"


@dataclass(frozen=True)
class _Phrase:
    code: str
    pattern: re.Pattern[str]
    advice: str


def _phrase(code: str, pattern: str, advice: str, flags: int = re.IGNORECASE) -> _Phrase:
    """A blank in `pattern` stands for any white space, and it matches whole words only."""
    spaced = pattern.replace(" ", r"\s+")
    return _Phrase(code, re.compile(rf"(?<!\w)(?:{spaced})(?!\w)", flags), advice)


_CLAUSE_ENDS = r"(?=\s*(?:[.,;!?)]|\Z|and\b|for\b|to (?:see|find)\b))"
_FIND_OUT = r"(?:find out|figure out|work out|determine|establish|decide|investigate)"
_TICKETS = r"(?:ticket|task|conversation|chat|brief|discussion)s?"
_SAID = r"(?:mentioned|described|discussed|listed|stated|noted|shown|outlined|specified|explained)"

_BETTER = (
    r"(?:improve|enhance|optimi[sz]e|polish|refine|perfect|moderni[sz]e|beautify|fix|handle|finish|finali[sz]e"
    r"|adjust|adapt|deal with|take care of|sort out)"
)
_WE = r"(?:we|you|i|she|he|they)"
_THING = (
    r"the (?:\w+ )?"
    r"(?:format|style|template|approach|method|one|wording|layout|structure|version|script|list|file|scheme)"
)
_DID = r"(?:used|use|had|made|wrote|agreed(?: on| upon)?|chose|discussed|picked|did|have|liked|talked about|built|sent)"
_ONCE = (
    r"(?:yesterday|(?:on |last )?(?:mon|tues|wednes|thurs|fri|satur|sun)day|last (?:week|month|time|year|night)"
    r"|the other day|earlier|before|back then|recently|in the past)"
)
_PHRASES = (
    _phrase(
        VAGUE,
        r"figur(?:e|es|ing) (?:(?:it|this|that|them|things|everything) )?out",
        "name the question to answer, where to look, and what a good answer holds",
    ),
    _phrase(VAGUE, r"(?<![/.~-])etc(?![/-])\.?|et cetera", "list every item"),
    _phrase(VAGUE, r"and so (?:on|forth)|and the like|(?:and more|and such)(?=\s*(?:[.,;)]|\Z))", "list every item"),
    _phrase(
        VAGUE,
        r"(?:look (?:at|on|in|into|over|through)|browse|consult|check|see|visit) the (?:official )?"
        rf"(?:website|web site|site|web|internet|docs|documentation|repo|repository|code|codebase){_CLAUSE_ENDS}",
        "give the exact address or path, and what to look for there",
    ),
    _phrase(VAGUE, r"somehow|in some way|one way or another", "say how"),
    _phrase(
        VAGUE,
        r"(?:as|if|when|where|whenever|wherever) "
        r"(?:appropriate|needed|necessary|applicable|required)(?! (?:by|for|in|to)\b)",
        "say in which cases, or leave it out",
    ),
    _phrase(VAGUE, r"accordingly", "say what becomes what"),
    _phrase(VAGUE, r"to be (?:determined|decided|defined|confirmed)", "decide it now, or ask the person"),
    _phrase(VAGUE, r"TBD|TBA|TBC|\ATODO:", "decide it now, or ask the person", flags=0),
    _phrase(
        VAGUE,
        r"(?:use|using) your (?:own |best )?judge?ment|at your (?:own )?discretion|as you see fit|up to you"
        r"|do your best|whatever (?:works|seems|looks|you|is) \w+|or whatever|or something(?: like that)?",
        "make the choice here and write it down",
    ),
    _phrase(
        VAGUE, r"stuff|(?:clean|tidy) (?:it|this|that|things|everything) up", "name the things and the change to each"
    ),
    _phrase(
        VAGUE,
        r"(?:make|get) (?:it|everything) (?:work|nice|nicer|better|good|pretty|look (?:good|nice|better))"
        r"|make sure (?:it|everything|all) works?",
        "describe the result that can be seen, and the command that shows it",
    ),
    _phrase(
        VAGUE, r"(?:follow|use|apply) (?:the )?(?:usual |common |industry )?best practices", "name the rules to follow"
    ),
    _phrase(
        VAGUE,
        r"the (?:relevant|appropriate|usual|respective) "
        r"(?:files?|docs?|documents?|documentation|places?|pages?|hosts?|servers?|paths?|folders?|sections?)",
        "name each by its path",
    ),
    _phrase(
        DANGLING,
        rf"(?:as|see|like|from) above|(?:{_SAID}|said) (?:above|earlier|previously|before)|above-?mentioned"
        r"|aforementioned|as (?:mentioned|discussed|agreed)(?! (?:in|on|at)\b)|(?:as|like) last time",
        "repeat it here; the worker sees nothing but this brief",
    ),
    _phrase(
        VAGUE,
        rf"{_BETTER} (?:it|this|that|them|things|everything){_CLAUSE_ENDS}",
        "say what is changed, from what to what",
    ),
    _phrase(
        VAGUE,
        r"in (?:all|every) (?:respects?|ways?|regards?|aspects?)|in every (?:way|sense)"
        r"|(?:if|where|wherever|whenever) (?:at all )?possible|as (?:\w+ )?as (?:possible|you can)|state of the art"
        r"|in (?:a|an) (?:appropriate|suitable|sensible|reasonable|proper|good|nice) (?:way|manner|place|format)",
        "name the measure and its value",
    ),
    _phrase(
        DANGLING,
        rf"(?:the way|how|like|as|what) {_WE} (?:always|usually|normally|typically|generally|often) \w+"
        r"|as (?:always|usual)|the usual (?:way|format|style|procedure|process|routine|template|layout|manner|steps)"
        rf"|our (?:usual|normal|standard|regular) \w+|{_THING} (?:that |which )?{_WE}(?: have|'ve|’ve| had)? {_DID}"
        rf"|{_WE} (?:\w+ed|did|wrote|made|had|said|told|sent|chose|built) (?:\w+ ){{0,4}}?{_ONCE}"
        r"|(?:the )?same (?:\w+ )?(?:as )?(?:before|last time|always|usual|earlier|last (?:week|month|year))"
        r"|(?:do you )?remember (?:when|how|the|that|what)|you (?:already )?know (?:how|what|which|where|the)",
        "write it out here; the worker has no past to look back on",
    ),
    _phrase(
        DANGLING,
        rf"(?:the )?(?:previous|prior|earlier|preceding) {_TICKETS}|the (?:last|other) (?:ticket|conversation|chat)"
        r"|the ticket (?:before|above)|(?:see|from|like|per|as in) ticket #?\d+",
        "copy what is needed from it; the worker sees nothing but this brief",
    ),
    _phrase(
        NESTED,
        rf"first,? {_FIND_OUT}\b[^\n]{{0,200}}?\b(?:then|after that|afterwards|once)",
        "find it out before filing and write the steps for what is the case",
    ),
    _phrase(
        NESTED,
        r"depending on (?:that|this|it|what you find|the (?:results?|outcome|answer|findings?))"
        r"|(?:based on|depending on) (?:what you (?:find|found|see|learn))"
        r"|based on (?:that|this|it)(?=\s*(?:[.,;:)]|\Z|then\b|do\b|decide\b|choose\b|write\b|create\b|update\b))"
        r"|based on the (?:results?|outcome|answers?)(?! (?:in|of|from|at)\b)|then,? (?:depending|based) on",
        "decide it before filing, and write the steps for what is the case",
    ),
    _phrase(
        NESTED,
        r"if\b[^.\n]{1,200}?\bthen also|if it turns out|once you(?: have|'ve|’ve)? "
        r"(?:know|found|determined|decided|figured)",
        "write one plain step for each case that can occur, or file separate tickets",
    ),
)

_DEFINED_BY = (
    r"(?! (?:names?|systems?|sizes?|types?|extensions?|formats?|paths?|modes?|permissions?|handles?|contents?"
    r"|called|named|listed|that|which|whose|at|in|under|of|for|from|with)\b)(?!['’-])"
)
_BARE_NOUN = _phrase(
    DANGLING,
    rf"the (?:files?|folders?|directory|directories|documents?|docs?|script){_DEFINED_BY}",
    "name it by its path",
)

_SOMETHING = r"(?:it|that|this|they|there|the \w+)"
_PEOPLE = r"(?:person|users?|customer|client|owner|readers?|team|everyone|everybody|people|visitors?)"

_FIRST = r"(?:(?<=[.;:!?]\s)|(?m:^))"
_IS_NOT = r"(?:is|are|does|do|did|has|have|can|could|was|were)(?: not|n['’]t)|cannot"

# A step that goes one way or another by what is found: the worker would have to plan. What a program is to do in one
# case and another is no such step, so most of these count only where a sentence begins with them.
_BRANCHES = _phrase(
    NESTED,
    rf"in case {_SOMETHING}|should {_SOMETHING} (?:not|fail|still|turn|prove|be)"
    r"|unless|or else|failing (?:that|this|which)"
    r"|if (?:it|that|this) (?:fails?|does not work|doesn['’]t work|is not there|isn['’]t there)"
    rf"|{_FIRST}(?:if (?:not|so|that|this)(?=\s*[,:])|if {_SOMETHING} (?:fails?|works?)"
    rf"|if (?:it|that|this|they) (?:{_IS_NOT}|is missing|looks?|seems?)"
    r"|otherwise|fall back|depending on|try\b[^.\n]{1,80}?\b(?:first|then))",
    "decide it before filing and write the one way to go; file a separate ticket for the other",
)

_SUBJECTIVE = re.compile(
    rf"\b(?:(?:the )?{_PEOPLE} (?:likes?|loves?|enjoys?|approves?|agrees?|prefers?|finds? it"
    r"|(?:is|are|will be) (?:happy|pleased|satisfied|content))"
    r"|(?:looks?|feels?|reads?) (?:good|nice|right|fine|great|better|well|clean|professional|modern)"
    r"|works?(?=\s*(?:[.!](?:\s|\Z)|\Z))"
    r"|works? (?:well|properly|fine|correctly|nicely|great|as (?:expected|intended|it should))"
    r"|(?:is|are) (?:very |really )?(?:nice|good|great|fine|pretty|beautiful|robust|intuitive|user-friendly|readable"
    r"|elegant|modern|professional|high[- ]quality|polished|satisfactory|acceptable|reasonable|appropriate"
    r"|happy|satisfied)"
    r"|no (?:issues|problems))\b",
    re.IGNORECASE,
)


def find_slips(text: str, referents: int = 0) -> list[Slip]:
    """The slips of wording in `text`, in order, each once and at most MOST_SLIPS of them.

    `referents` is how many files the brief names: with exactly one, "the file" can only be that one.
    """
    found: dict[str, Slip] = {}
    for slip in islice(_slips(text, mask_quoted(text), referents), MOST_SLIPS):
        found.setdefault(slip.message.casefold(), slip)
    return sorted(found.values(), key=lambda slip: slip.start)


def find_branches(text: str) -> list[Slip]:
    """The places where a step goes one way or another."""
    masked = mask_quoted(text)
    return [
        Slip(NESTED, match.start(), shorten(text[match.start() : match.end()]), _BRANCHES.advice)
        for match in islice(_BRANCHES.pattern.finditer(masked), MOST_SLIPS)
    ]


def find_subjective_words(text: str) -> str:
    """The words of a criterion that only taste could decide, or an empty string."""
    match = _SUBJECTIVE.search(mask_quoted(text))
    return text[match.start() : match.end()].strip(" .!") if match else ""


def mask_quoted(text: str) -> str:
    """`text` with code, quotations and web addresses blotted out, character by character."""
    return _QUOTED.sub(lambda quoted: re.sub(r"[^\n]", _MASK, quoted.group()), text)


def holds_path(text: str) -> bool:
    """Whether some word of `text` (or something quoted in it) names a file or folder."""
    return any(_MASK in word or looks_like_path(word) for word in mask_quoted(text).split())


def looks_like_path(word: str) -> bool:
    """Whether a word reads like a path or a file name: `/etc/hosts`, `docs/notes.md`, `index.html`."""
    word = word.strip(".,;:!?()[]'\"")
    if "/" in word:
        return word.startswith(("/", "~", ".")) or min(len(part) for part in word.split("/", 1)) > 2
    stem, dot, extension = word.rpartition(".")
    return bool(dot and len(stem) > 1 and extension.isalnum() and len(extension) <= 5 and not extension.isdigit())


def _slips(text: str, masked: str, referents: int) -> Iterator[Slip]:
    for phrase in _PHRASES:
        for match in phrase.pattern.finditer(masked):
            yield Slip(phrase.code, match.start(), shorten(text[match.start() : match.end()]), phrase.advice)
    if referents != 1:
        yield from _bare_nouns(masked)


def _bare_nouns(masked: str) -> Iterator[Slip]:
    offset = 0
    for line in masked.splitlines(keepends=True):
        match = _BARE_NOUN.pattern.search(line)
        if match and not holds_path(line):
            yield Slip(_BARE_NOUN.code, offset + match.start(), shorten(match.group()), _BARE_NOUN.advice)
        offset += len(line)
