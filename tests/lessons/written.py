"""A lesson as somebody writes it, in a folder of its own."""

from collections.abc import Callable
from pathlib import Path

ENGLISH = """---
title: A small lesson
summary: One head, looked at.
minutes: 4
---

## It looks back

The row “{{token}}” gives {{share(of="largest_weight")}} to one token.

```view
page: scaling
part: head
text: The dog bit the man
layer: 1
head: 3
query: 2
```

## Which cell

```view
page: masks
text: The dog bit the man
layer: 1
head: 3
query: 2
```

```ask
question: Which cell of this row is darkest?
click: cell
answer: strongest_cell_in_row
why: The largest score.
mistake: 2
```

## Which tokens

```view
page: inside_one_head
step: softmax
text: The dog bit the man
query: 2
```

```ask
question: Where may it not look?
click: token
answer: forbidden_tokens
why: Ahead.
```

## Most even

```view
page: explore
text: The dog bit the man
```

```ask
question: Which is most even?
options:
  - as it is
  - undivided
  - at temperature 5
answer: largest
with: {of: entropy, between: [{}, {divide_by: 1}, {temperature: 5}]}
why: It has {{measure(of="entropy", temperature=5)}} nats.
```

## The end

Words alone.
"""

KOREAN = """---
title: 작은 수업
summary: 헤드 하나를 봅니다.
---

## 뒤를 봅니다

“{{token}}”은(는) {{share(of="largest_weight")}}을(를) 줍니다.

## 어느 칸

```ask
question: 가장 진한 칸은?
why: 가장 큰 점수입니다.
```

## 어느 토큰

```ask
question: 볼 수 없는 곳은?
why: 앞입니다.
```

## 고르게

```ask
question: 가장 고른 것은?
options: [그대로, 나누지 않음, 온도 5]
why: 엔트로피입니다.
```

## 끝

낱말뿐입니다.
"""


def write(folder: Path, english: str = ENGLISH, korean: str | None = KOREAN, name: str = "01-small") -> Path:
    (folder / f"{name}.md").write_text(english, encoding="utf-8")
    if korean is not None:
        (folder / f"{name}.ko.md").write_text(korean, encoding="utf-8")
    return folder


Written = Callable[..., Path]
