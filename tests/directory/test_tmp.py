import random, time
from services.directory import handlers
from services.directory.domain import NEEDS, Point
from services.directory.handlers import Place, Wanted
from tests.directory.examples import *
async def test_speed(stores, database):
    r=random.Random(1); codes=list(NEEDS)
    for b in range(20):
        rows=[listing(id=f"s-{b}-{n}", name=f"Group {n} {r.choice(['walk','arts','money'])}", description="word "*50+str(n), need_codes=r.sample(codes,2), capacity={"unit":"places","maximum":5}, locations=[{"latitude":53+r.random(),"longitude":-1.5+r.random()}]) for n in range(500)]
        t=time.time(); await handlers.put_services(stores, rows, because()); 
        if b in (0,19): print("load500", time.time()-t)
    t=time.time(); await handlers.put_services(stores, rows, because()); print("reload500", time.time()-t)
    for w in (Wanted(place=Place(point=Point(latitude=53.5,longitude=-1.2))), Wanted(needs=["nature"],place=Place(point=Point(latitude=53.5,longitude=-1.2), metres=20000)), Wanted(needs=["nature"]), Wanted(text="walk 17"), Wanted()):
        t=time.time(); m,c=await handlers.find_services(stores,w,TENANT,limit=50,cursor=None); print(len(m), round((time.time()-t)*1000,1),"ms", w.needs, w.text, w.place)
    for q in ({"tenant":TENANT,"facets.status":"active","facets.needs":{"$in":["nature"]}}, {"tenant":TENANT,"facets.status":"active","$and":[{"facets.words":{"$regex":"^walk"}},{"facets.words":{"$regex":"^17"}}]}):
        e=await database.command({"explain":{"find":"services","filter":q,"sort":{"created_at":-1,"_id":-1},"limit":51},"verbosity":"executionStats"})
        def names(s):
            out=[s["stage"]+":"+s.get("indexName","")]
            for k in ("inputStage",): 
                if k in s: out+=names(s[k])
            for x in s.get("inputStages",[]): out+=names(x)
            return out
        print(names(e["queryPlanner"]["winningPlan"]), e["executionStats"]["totalDocsExamined"])
    e=await database.command({"explain":{"aggregate":"services","pipeline":[{"$geoNear":{"near":{"type":"Point","coordinates":[-1.2,53.5]},"key":"facets.places","distanceField":"metres","maxDistance":20000,"query":{"tenant":TENANT,"facets.status":"active"}}}],"cursor":{}},"verbosity":"executionStats"})
    print(str(e)[:100]); import re; print(re.findall(r"'indexName': '(\w+)'", str(e))[:3])
    saved=await handlers.get_service(stores,"s-0-0",TENANT)
    from shared.events import ReferralCreated, ReferralDeclined
    t=time.time()
    for n in range(1000):
        await handlers.follow_referral(stores, fact(ReferralDeclined,2,"0190c0de-0000-7000-8000-00000000%04d"%n, service_id="s-0-0"), because())
    print("1000 facts one by one", time.time()-t)
    t=time.time()
    for n in range(100):
        await handlers.follow_referral(stores, fact(ReferralCreated,1,f"new-{n}", service_id="s-0-0"), because())
    print("100 facts on a full document", time.time()-t)
    import asyncio
    t=time.time()
    await asyncio.gather(*(handlers.follow_referral(stores, fact(ReferralDeclined,2,f"new-{n}", service_id="s-0-0"), because()) for n in range(100)))
    print("100 facts at once", time.time()-t)
