"""What a team would otherwise run: plans and webhooks in FastAPI, with a pool of psycopg2 connections and no cache.

For `npm run bench`. Reads DATABASE_URL and STRIPE_WEBHOOK_SECRET. Routes are plain functions, which FastAPI runs in
its threads, as psycopg2 waits for the database.
"""

import hashlib
import hmac
import json
import os
import time
from contextlib import contextmanager

from fastapi import FastAPI, HTTPException, Request
from psycopg2.extras import RealDictCursor
from psycopg2.pool import ThreadedConnectionPool
from starlette.concurrency import run_in_threadpool

SECRET = os.environ["STRIPE_WEBHOOK_SECRET"].encode()
TOLERANCE_SECONDS = 300
# As many threads as FastAPI runs at once: a pool of psycopg2 does not wait for a free connection, it fails.
POOL = ThreadedConnectionPool(2, 40, os.environ["DATABASE_URL"])

PLANS = """
select plan.plan_key, plan.name, offer.stripe_price_id as price_id, offer.amount_minor as price, offer.currency,
  offer.credits, plan.interval, plan.rollover_cap, plan.features, plan.sort_order
from subscription_plans as plan
join prices as offer on offer.plan_id = plan.id
where plan.is_active and offer.valid_from <= now() and (offer.valid_to is null or offer.valid_to > now())
order by plan.sort_order, plan.plan_key
"""

app = FastAPI()


@contextmanager
def cursor():
    connection = POOL.getconn()
    try:
        with connection, connection.cursor(cursor_factory=RealDictCursor) as opened:
            yield opened
    finally:
        POOL.putconn(connection)


@app.get("/health")
def health():
    return {"success": True}


@app.get("/payment/plans")
def plans():
    with cursor() as opened:
        opened.execute(PLANS)
        return {"success": True, "plans": {plan.pop("plan_key"): plan for plan in opened.fetchall()}}


@app.post("/payment/webhook")
async def webhook(request: Request):
    payload = await request.body()
    verify(payload, request.headers.get("stripe-signature", ""))
    event = json.loads(payload)
    await run_in_threadpool(store, event, payload.decode())
    return {"success": True, "event_id": event["id"]}


def verify(payload: bytes, header: str) -> None:
    """https://docs.stripe.com/webhooks#verify-manually"""
    parts = [part.partition("=")[::2] for part in header.split(",")]
    sent_at = next((value for name, value in parts if name == "t"), "")
    expected = hmac.new(SECRET, sent_at.encode() + b"." + payload, hashlib.sha256).hexdigest()
    is_signed = any(name == "v1" and hmac.compare_digest(value, expected) for name, value in parts)
    if not is_signed or abs(time.time() - int(sent_at)) > TOLERANCE_SECONDS:
        raise HTTPException(status_code=400, detail="invalid signature")


def store(event: dict, payload: str) -> None:
    with cursor() as opened:
        opened.execute(
            "insert into plain_events (event_id, event_type, payload) values (%s, %s, %s) on conflict do nothing",
            (event["id"], event["type"], payload),
        )
