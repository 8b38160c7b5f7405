import yaml
from hypothesis import given
from hypothesis import strategies as st
from known_sites import GIB, made_site

from citytide.hpc.plan.profiles import Profile
from citytide.hpc.slurm.site.detection import detect_profile
from citytide.hpc.slurm.site.site import Node, Partition

TEXT = st.text(max_size=30)


@given(cluster=TEXT, user=TEXT, refusal=TEXT, reason=TEXT)
def test_no_text_of_a_cluster_leaves_its_comment(cluster: str, user: str, refusal: str, reason: str) -> None:
    nodes = [Node(f"n{k}", 4, 8 * GIB, reason=reason, partitions=("work", refusal)) for k in range(2)]
    partitions = (Partition("work", is_default=True), Partition(refusal, state="DOWN"))
    site = made_site(*nodes, partitions=partitions, name=cluster, rights=refusal)
    text = detect_profile(site.__class__(**{**vars(site), "user": user}))
    document = yaml.safe_load(text)
    assert set(document) == {"name", "description", "backend", "python", "poll_s", "pools", "driver"}
    Profile.model_validate(document)


def test_every_value_stands_beside_a_comment_or_explains_itself() -> None:
    lines = [
        line for line in detect_profile(made_site()).splitlines() if ": " in line and not line.strip().startswith("#")
    ]
    bare = [line.split(":")[0].strip() for line in lines if "#" not in line]
    assert set(bare) <= {"description", "partition", "cores", "memory", "account", "qos"}
    assert max(map(len, lines)) <= 140
