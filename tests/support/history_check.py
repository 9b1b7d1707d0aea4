"""Is there one order of all that clients did which explains what each of them saw? Items are lists to which
transactions append values that are never repeated, and reads tell the whole list: so of two appends to an item the
earlier is known, and of a read the append before and behind it. Transactions as nodes, these as edges, and real time
(what ended before something began) too: a cycle says that no order explains it. Without one the history is strictly
serialisable: an order along the edges is such an order."""
import collections


class Wrong(AssertionError):
    pass


def versions(history):
    """key -> the longest list that was read; every other read must be its beginning."""
    longest = {}
    for event in history:
        for key, seen in event["reads"].items():
            known = longest.setdefault(key, seen)
            short, long = sorted((known, seen), key=len)
            if long[:len(short)] != short:
                raise Wrong(f"{key} was seen as {known} and as {seen}")
            longest[key] = long
    return longest


def edges(history, order):
    """Who must stand before whom, by what they saw and wrote."""
    writer = {}
    for event in history:
        for key, value in event["appends"].items():
            if (key, value) in writer:
                raise Wrong(f"{value} was appended twice to {key}")
            writer[key, value] = event["id"]
    before = collections.defaultdict(set)
    for key, values in order.items():
        for value in values:
            if (key, value) not in writer:
                raise Wrong(f"{key} has {value}, which nobody appended, or who was refused")
        if len(set(values)) != len(values):
            raise Wrong(f"{key} has a value twice: {values}")
        for one, next_ in zip(values, values[1:]):
            before[writer[key, one]].add(writer[key, next_])
    for event in history:
        for key, seen in event["reads"].items():
            own = event["appends"].get(key)
            if seen and writer[key, seen[-1]] != event["id"]:
                before[writer[key, seen[-1]]].add(event["id"])
            rest = order[key][len(seen):]
            rest = [v for v in rest if v != own]
            if rest:
                before[event["id"]].add(writer[key, rest[0]])
    return before


def add_real_time(history, before):
    """What ended before another began: edges to those whose begin is next, through a chain of moments."""
    moments = sorted([(e["begun"], 1, e["id"]) for e in history] + [(e["ended"], 0, e["id"]) for e in history if e["ended"] is not None])
    last = None
    for n, (_, begins, event) in enumerate(moments):
        point = ("t", n)
        if last is not None:
            before[last].add(point)
        if begins:
            if last is not None:
                before[last].add(event)
        else:
            before[event].add(point)
        last = point


def cycle(before):
    """A cycle among the nodes, or None; iterative, histories are long."""
    state, parent = {}, {}
    for start in list(before):
        if start in state:
            continue
        stack = [(start, iter(before.get(start, ())))]
        state[start] = 1
        while stack:
            node, rest = stack[-1]
            for following in rest:
                if state.get(following) == 1:
                    found = [following]
                    for at, _ in reversed(stack):
                        found.append(at)
                        if at == following:
                            break
                    return [n for n in reversed(found) if not isinstance(n, tuple)]
                if following not in state:
                    state[following] = 1
                    parent[following] = node
                    stack.append((following, iter(before.get(following, ()))))
                    break
            else:
                state[node] = 2
                stack.pop()
    return None


def check(history):
    """history: events {id, begun, ended (None: nobody knows), reads: {key: [values]}, appends: {key: value}}, the
    refused left out, those of unknown end in only if their values were seen. Raises Wrong."""
    seen = {(key, value) for event in history for key, values in event["reads"].items() for value in values}
    history = [e for e in history if e["ended"] is not None or any((k, v) in seen for k, v in e["appends"].items())]
    order = versions(history)
    missing = {(k, v) for e in history if e["ended"] is not None for k, v in e["appends"].items()} - {(k, v) for k, vs in order.items() for v in vs}
    before = edges(history, order)
    add_real_time(history, before)
    found = cycle(before)
    if found:
        raise Wrong(f"no order explains these: {found}")
    return len(history), missing
