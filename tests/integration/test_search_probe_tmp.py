import sys
import time

sys.path.insert(0,'/work/main')
from tests.commands import run_command


def test_probe(ingested, service):
    print(ingested.outcome)
    from database.library import Library
    from search.multi_modal_search import MultiModalSearchEngine
    from search.semantic_search import SemanticSearchEngine
    lib=Library(ingested.database)
    for s in lib.scenes(1): print(s)

    print(lib.null_statistics())
    e=MultiModalSearchEngine(ingested.database, service)
    for q in ["drilling","a cup of coffee","site safety checklist","torque limit 42 Nm","rocket", "zebra in a bathtub","the of and"]:
        for m in ["balanced","vision_heavy","text_heavy"]:
            a=e.search(q,mode=m)
            print(q,m,a.took_ms,a.reasons)
            for h in a.hits: print("   ",h.rank,round(h.score,3),h.scores,h.scene_id,h.start_s,h.end_s,[(x.kind.value,x.leg,x.rank,round(x.raw,3),round(x.nats,2),x.text) for x in h.evidence])
    s=SemanticSearchEngine(ingested.database, service)
    for q in ["a cup of coffee"]:
            a=s.search(q)
            for h in a.hits: print("   ",h.rank,round(h.score,3),h.scores,h.scene_id,h.start_s,h.end_s,[(x.kind.value,x.leg,x.rank,round(x.raw,3),round(x.nats,2),x.text) for x in h.evidence])
    for sid in range(1,7):
        a=e.similar(sid)
        print("similar",sid,[(h.scene_id,round(h.score,3)) for h in a.hits])
    t=time.time(); r=run_command("search","drilling",settings=ingested.settings); print(time.time()-t, r)
    t=time.time(); r=run_command("search","drilling","--json",settings=ingested.settings); print(time.time()-t, r.stdout)
    t=time.time(); r=run_command("search","drilling","--mode","x",settings=ingested.settings); print(time.time()-t, r)
    t=time.time(); r=run_command("search","drilling",settings=ingested.settings,DATABASE_URL="postgresql://u:secret@127.0.0.1:1/x"); print(time.time()-t, r)
