# SPDX-License-Identifier: Apache-2.0
"""Two FHIR Bundles of one message: which resource, element and value of the one
is which of the other.  convert_report.py says what counts as the same."""
import collections
import datetime
import decimal
import re

UNCOUNTED = {"id", "resourceType", "fullUrl", "request"}
# Who and where: one that is told twice is still one.
ENTITIES = {"Organization", "Practitioner", "PractitionerRole", "Location",
            "Device", "RelatedPerson", "Patient"}
MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d)(:\d\d)?(?:\.(\d+))?"
                    r"(Z|[+-]\d\d:\d\d)$")


# ---- a Bundle as trees ------------------------------------------------------

class Ref:
    """A reference: the place of its resource in the Bundle, or its text."""

    def __init__(self, text):
        self.text, self.at = text, None


class Resource:
    def __init__(self, name, tree):
        self.type, self.tree = name, tree
        self.refs, self.leaves = {}, []


def same(value):
    """What two spellings of the same value share."""
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    if isinstance(value, decimal.Decimal):
        return format(value.normalize(), "f")
    found = MOMENT.match(value)
    if not found:
        return value
    minute, second, fraction, zone = found.groups()
    try:
        at = datetime.datetime.fromisoformat(
            minute + (second or ":00") + zone.replace("Z", "+00:00"))
        at = at.astimezone(datetime.timezone.utc)
    except (ValueError, OverflowError):
        return value
    fraction = (fraction or "").rstrip("0")
    return at.strftime("%Y-%m-%dT%H:%M:%S") + ("." + fraction if fraction else "") + "Z"


def grow(node, refs, contained):
    """A JSON object as {key: [leaf or {..}]}, extensions keyed by their url."""
    tree = {}
    for key, value in node.items():
        if key in UNCOUNTED:
            continue
        for one in value if isinstance(value, list) else [value]:
            if key == "contained":
                contained.append(one)
            elif key in ("extension", "modifierExtension") and isinstance(one, dict):
                inner = {k: v for k, v in one.items() if k != "url"}
                name = "%s{%s}" % (key, one.get("url", ""))
                tree.setdefault(name, []).append(grow(inner, refs, contained))
            elif isinstance(one, dict):
                tree.setdefault(key, []).append(grow(one, refs, contained))
            elif key == "reference" and isinstance(one, str):
                refs.append(Ref(one))
                tree.setdefault(key, []).append(refs[-1])
            elif one is not None:
                tree.setdefault(key, []).append(same(one))
    return tree


def plant(bundle):
    """The resources of a Bundle, itself first, with references resolved."""
    everything, names, todo = [], {}, [(bundle, None, [])]
    while todo:
        json_, holder, labels = todo.pop(0)
        refs, contained = [], []
        kind = json_.get("resourceType", "?")
        inner = {k: v for k, v in json_.items() if k != "entry" or kind != "Bundle"}
        place = len(everything)
        everything.append((Resource(kind, grow(inner, refs, contained)), refs, holder))
        if "id" in json_:
            labels = labels + [kind + "/" + json_["id"], "urn:uuid:" + json_["id"]]
            if holder is not None:
                labels = [(holder, "#" + json_["id"])]
        for label in labels:
            names.setdefault(label, place)
        for inside in contained:
            todo.append((inside, place, []))
        if kind == "Bundle":
            for entry in json_.get("entry", []):
                if isinstance(entry.get("resource"), dict):
                    full = entry.get("fullUrl")
                    todo.append((entry["resource"], None, [full] if full else []))
    for place, (resource, refs, holder) in enumerate(everything):
        for ref in refs:
            ref.at = names.get((place if holder is None else holder, ref.text),
                               names.get(ref.text))
    return [resource for resource, _, _ in everything]


def leaves(tree, path):
    """Each (path, value); an underscored key is the element itself."""
    for key, values in tree.items():
        for value in values:
            below = path + "." + key.lstrip("_")
            if isinstance(value, dict):
                yield from leaves(value, below)
            else:
                yield below, value


NAMES = re.compile(r"(?!PractitionerRole)\w+\.(identifier\.value|code\.(text|coding\.(code|display))|"
                   r"name|name\.(family|given|text)|deviceName\.name)$")
FOREIGN = re.compile(r"\{(?!https?://hl7\.org/)[a-z]+:[^}]*\}")


def reached_by(resources):
    """Of each resource, {how it is referred to}: another maker's extension if by
    nothing else, or else the elements that do."""
    holders = collections.defaultdict(list)
    for at, resource in enumerate(resources):
        for path, value in leaves(resource.tree, ""):
            if isinstance(value, Ref) and value.at is not None and value.at != at:
                holders[value.at].append((at, path, FOREIGN.search(path)))
    foreign = {}
    for _ in range(4):
        for at, who in holders.items():
            urls = [url.group() if url else foreign.get(holder, "")
                    for holder, _, url in who]
            if all(urls):
                foreign[at] = urls[0]
    return {at: foreign.get(at) or "{%s}" % "+".join(
        sorted({path.split(".")[-2] for _, path, url in who if not url}))
        for at, who in holders.items()}


# ---- what belongs to what ---------------------------------------------------

class Pairing:
    def __init__(self, theirs, ours):
        self.theirs, self.ours = theirs, ours
        self.match = {}
        for resource in theirs + ours:
            resource.leaves = list(leaves(resource.tree, resource.type))
        self.twins = self.classes(ours)
        self.double = self.classes(theirs)
        for _ in range(3):
            self.match = self.pair()
        self.share()

    @staticmethod
    def classes(resources):
        """A number per resource: equal when it says the same, ids apart."""
        number = {}
        for _ in range(3):
            seen, after = {}, {}
            for at, resource in enumerate(resources):
                says = frozenset(collections.Counter(
                    (p, ("ref", number.get(v.at), v.text if v.at is None else ""))
                    if isinstance(v, Ref) else (p, v)
                    for p, v in resource.leaves).items())
                after[at] = seen.setdefault((resource.type, says), at)
            number = after
        return number

    def key(self, value, own):
        """A value that is equal on both sides when it means the same."""
        if not isinstance(value, Ref):
            return value
        if value.at is None:
            return "text", value.text
        at = value.at if own else self.match.get(value.at)
        if at is not None and self.match:
            return "one", self.twins[at]
        kind = (self.ours if own else self.theirs)[value.at].type
        return ("kind", kind) if not self.match else ("nothing", kind, value.at)

    def bag(self, found, own):
        return collections.Counter((p, self.key(v, own)) for p, v in found)

    def pair(self):
        """Greedy: the two that share most, what is rare counting most."""
        self.bags = [self.bag(r.leaves, True) for r in self.ours]
        bags = [self.bag(r.leaves, False) for r in self.theirs], self.bags
        common = collections.Counter()
        for side in bags:
            for bag in side:
                common.update(bag.keys())
        scored = []
        for t, resource in enumerate(self.theirs):
            for o, other in enumerate(self.ours):
                if resource.type != other.type:
                    continue
                both = bags[0][t].keys() & bags[1][o].keys()
                if resource.type in ENTITIES - {"Patient"} and not self.named(
                        bags[0][t], both):
                    continue
                score = sum(1 / common[leaf] for leaf in both)
                lone = resource.type in ("Bundle", "MessageHeader", "Patient")
                if score > 0 or lone or not bags[0][t] | bags[1][o]:
                    scored.append((-score, abs(t - o), t, o))
        match, taken = {}, set()
        for _, _, t, o in sorted(scored):
            if t not in match and o not in taken:
                match[t] = o
                taken.add(o)
        return match

    @staticmethod
    def named(bag, both):
        """Whether what two share names them, or the one has no name at all."""
        return (any(NAMES.match(path) for path, _ in both)
                or not any(NAMES.match(path) for path, _ in bag))

    def share(self):
        """An entity that theirs tells again is the one it told before."""
        for t, resource in enumerate(self.theirs):
            if t in self.match or resource.type not in ENTITIES:
                continue
            bag = self.bag(resource.leaves, False)
            names = {leaf for leaf in bag if NAMES.match(leaf[0])} or bag.keys()
            best = max(((sum((bag & other).values()), -o)
                        for o, other in enumerate(self.bags)
                        if self.ours[o].type == resource.type
                        and len(names & other.keys()) * 2 >= len(names)),
                       default=(0, 0))
            if best[0]:
                self.match[t] = -best[1]

    def told(self, value, own):
        """A leaf in words, for the report and the rules."""
        if not isinstance(value, Ref):
            return str(value)
        if value.at is None:
            return "Reference " + value.text
        return (self.ours if own else self.theirs)[value.at].type

    def related(self, a, b):
        """Whether one of two resources is a role of, or lies in, the other, or has
        a name in common with it."""
        def held(resources, ref, own):
            found, todo = set(), [ref]
            while todo and len(found) < 20:
                ref = todo.pop()
                if ref.at is None or self.key(ref, own) in found:
                    continue
                found.add(self.key(ref, own))
                tree = resources[ref.at].tree
                todo += [inmost for key in ("practitioner", "organization", "partOf")
                         for inner in tree.get(key, [])
                         for inmost in inner.get("reference", [])]
            return found

        def names(resources, ref):
            if ref.at is None or resources[ref.at].type not in ENTITIES:
                return set()
            return {(path, value) for path, value in resources[ref.at].leaves
                    if NAMES.match(path) and not path.endswith("given")}
        return (held(self.theirs, a, False) & held(self.ours, b, True)
                or names(self.theirs, a) & names(self.ours, b))


# ---- field by field ---------------------------------------------------------

Leaf = collections.namedtuple("Leaf", "path kind theirs ours places")


class Comparison:
    """The leaves of one expected Bundle and what became of them."""

    def __init__(self, expected, own):
        theirs, ours = plant(expected), plant(own)
        self.pairing = Pairing(theirs, ours)
        self.found, self.more = [], 0
        self.said = {self.pairing.told(value, True) for resource in ours
                     for _, value in resource.leaves if not isinstance(value, Ref)}
        matched = set(self.pairing.match.values())
        reached = reached_by(theirs)
        for t, resource in enumerate(theirs):
            o = self.pairing.match.get(t)
            self.place = t
            how = reached.get(t, "{}")
            if o is None:
                self.absent(resource.tree, how + resource.type, "lost")
            else:
                entity = resource.type in ENTITIES - {"Patient"}
                self.trees(resource.tree, ours[o].tree,
                           (how if entity or ":" in how else "") + resource.type)
        for o, resource in enumerate(ours):
            if o not in matched:
                self.more += len(resource.leaves)

    def add(self, path, kind, value, ours=""):
        """A leaf of theirs, which belongs to a resource and may refer to one."""
        places = [self.place]
        if isinstance(value, Ref) and value.at is not None:
            places.append(value.at)
        told = value if isinstance(value, str) else self.pairing.told(value, False)
        self.found.append(Leaf(path, kind, told, ours, places))

    def absent(self, tree, path, kind):
        for below, value in leaves(tree, path):
            self.add(below, kind, value)

    def names_of(self, place):
        """What names a resource of theirs; of one without a name, all it says."""
        said = [(path, str(value)) for path, value in self.pairing.theirs[place].leaves
                if not isinstance(value, Ref) and not FOREIGN.search(path)]
        return [v for p, v in said if NAMES.match(p)] or [v for _, v in said]

    def overlap(self, a, b):
        """How much two elements share; references to related things count too."""
        bag, a, b = self.pairing.bag, list(leaves(a, "")), list(leaves(b, ""))
        related = any(isinstance(v, Ref) and isinstance(w, Ref) and p == q
                      and self.pairing.related(v, w) for p, v in a for q, w in b)
        return 2 * related + sum((bag(a, False) & bag(b, True)).values())

    @staticmethod
    def labelled(element):
        """The code of an element's type, which tells it from its siblings."""
        for kind in element.get("type", []):
            for coding in kind.get("coding", []) if isinstance(kind, dict) else []:
                for code in coding.get("code", []):
                    return "(%s)" % code
        return ""

    def trees(self, theirs, ours, path):
        for key, values in theirs.items():
            below = path + "." + key.lstrip("_")
            split = [[], []], [[], []]
            for side, all_ in enumerate((values, ours.get(key, []))):
                for value in all_:
                    split[isinstance(value, dict)][side].append(value)
            self.values(split[0][0], split[0][1], below)
            self.elements(split[1][0], split[1][1], below)
        for key, values in ours.items():
            if key not in theirs:
                self.more += sum(1 for _ in leaves({key: values}, path))

    def values(self, theirs, ours, path):
        pairing, left, rest = self.pairing, [], list(ours)
        for value in theirs:
            key = pairing.key(value, False)
            twin = next((v for v in rest if pairing.key(v, True) == key), None)
            if twin is None:
                left.append(value)
            else:
                rest.remove(twin)
                self.add(path, "agrees", value)
        for at, value in enumerate(left):
            if at >= len(rest):
                self.add(path, "missing", value)
            else:
                self.add(path, "differs", value, self.instead(value, rest[at]))
        self.more += max(0, len(rest) - len(left))

    def instead(self, value, other):
        """Our value where theirs is another, in words."""
        told = self.pairing.told(other, True)
        if isinstance(value, Ref) and isinstance(other, Ref):
            if self.pairing.related(value, other):
                return told + ", the same"
            if told == self.pairing.told(value, False):
                return "another " + told
        return told

    def elements(self, theirs, ours, path):
        scored = sorted((-self.overlap(a, b), abs(i - j), i, j)
                        for i, a in enumerate(theirs) for j, b in enumerate(ours))
        partner, taken = {}, set()
        for _, _, i, j in scored:
            if i not in partner and j not in taken:
                partner[i] = j
                taken.add(j)
        for i, element in enumerate(theirs):
            if i in partner:
                self.trees(element, ours[partner[i]], path)
            else:
                self.absent(element, path + self.labelled(element), "missing")
        for j, element in enumerate(ours):
            if j not in taken:
                self.more += sum(1 for _ in leaves(element, path))
