-- The catalogue that a new installation starts with: 7 plans, 4 packages, 8 credit costs. Prices in minor units.
-- From here on the catalogue is data: it is changed through /admin/pricing, never by another migration.

SELECT set_config('ratecard.actor', 'migration', true), set_config('ratecard.reason', 'initial catalogue', true);
--> statement-breakpoint
WITH seed AS (
  SELECT * FROM jsonb_to_recordset($catalogue$[
  {"plan_key": "starter_monthly", "name": "Starter", "price": 99, "interval": "month", "credits": 500, "rollover_cap": 250, "sort_order": 1, "features": ["500 credits/month", "About 250 social captions or 100 blog posts", "25 ultra images", "2 videos (8 s)", "1 brand voice profile", "Publishing to 9 social platforms", "Content calendar", "Basic competitor tracking", "Rollover up to 250 credits"]},
  {"plan_key": "starter_annual", "name": "Starter (Annual)", "price": 990, "interval": "year", "credits": 500, "rollover_cap": 250, "sort_order": 2, "features": ["500 credits/month", "2 months free", "About 250 social captions or 100 blog posts", "25 ultra images", "2 videos (8 s)", "1 brand voice profile", "Publishing to 9 social platforms", "Content calendar", "Basic competitor tracking", "Rollover up to 250 credits"]},
  {"plan_key": "professional_monthly", "name": "Professional", "price": 249, "interval": "month", "credits": 2000, "rollover_cap": 1000, "sort_order": 3, "features": ["2,000 credits/month", "About 1,000 social captions or 400 blog posts", "100 ultra images", "10 videos (8 s)", "3 brand voice profiles", "Publishing to 9 social platforms", "Auto-publishing and scheduling", "Advanced competitor analysis (5)", "Priority support", "Rollover up to 1,000 credits"]},
  {"plan_key": "professional_annual", "name": "Professional (Annual)", "price": 2490, "interval": "year", "credits": 2000, "rollover_cap": 1000, "sort_order": 4, "features": ["2,000 credits/month", "2 months free", "About 1,000 social captions or 400 blog posts", "100 ultra images", "10 videos (8 s)", "3 brand voice profiles", "Publishing to 9 social platforms", "Auto-publishing and scheduling", "Advanced competitor analysis (5)", "Priority support", "Rollover up to 1,000 credits"]},
  {"plan_key": "business_monthly", "name": "Business", "price": 499, "interval": "month", "credits": 6000, "rollover_cap": 3000, "sort_order": 5, "features": ["6,000 credits/month", "About 3,000 social captions or 1,200 blog posts", "300 ultra images", "30 videos (8 s)", "10 brand voice profiles", "Publishing to 9 social platforms", "Collaboration (5 seats)", "Unlimited competitor tracking", "API access", "White label", "Rollover up to 3,000 credits"]},
  {"plan_key": "business_annual", "name": "Business (Annual)", "price": 4990, "interval": "year", "credits": 6000, "rollover_cap": 3000, "sort_order": 6, "features": ["6,000 credits/month", "2 months free", "About 3,000 social captions or 1,200 blog posts", "300 ultra images", "30 videos (8 s)", "10 brand voice profiles", "Publishing to 9 social platforms", "Collaboration (5 seats)", "Unlimited competitor tracking", "API access", "White label", "Rollover up to 3,000 credits"]},
  {"plan_key": "enterprise", "name": "Enterprise", "price": 999, "interval": "month", "credits": 20000, "rollover_cap": null, "sort_order": 7, "features": ["20,000 credits/month", "About 10,000 social captions or 4,000 blog posts", "1,000 ultra images", "100 videos (8 s)", "Unlimited brand voices", "Publishing to 9 social platforms", "Unlimited team members", "Dedicated account manager", "Custom integrations", "SLA guarantees", "Full rollover"]}
]$catalogue$) AS seed (plan_key text, name text, price bigint, interval text, credits bigint, rollover_cap bigint,
    sort_order integer, features jsonb)
), plan AS (
  INSERT INTO subscription_plans (plan_key, name, interval, rollover_cap, features, sort_order)
  SELECT plan_key, name, interval, rollover_cap, features, sort_order FROM seed ORDER BY sort_order
  RETURNING id, plan_key
)
INSERT INTO prices (plan_id, currency, amount_minor, credits, interval, created_by, reason)
SELECT plan.id, 'GBP', seed.price, seed.credits, seed.interval, 'migration', 'initial catalogue'
FROM seed JOIN plan USING (plan_key) ORDER BY seed.sort_order;
--> statement-breakpoint
WITH seed AS (
  SELECT * FROM jsonb_to_recordset($catalogue$[
  {"package_key": "credits_500", "name": "500 Credits", "price": 125, "credits": 500, "description": "Emergency top-up", "badge": null, "sort_order": 1},
  {"package_key": "credits_1000", "name": "1,000 Credits", "price": 200, "credits": 1000, "description": "Boost for campaigns", "badge": null, "sort_order": 2},
  {"package_key": "credits_2500", "name": "2,500 Credits", "price": 400, "credits": 2500, "description": "Big campaign pack", "badge": "Best Value", "sort_order": 3},
  {"package_key": "credits_5000", "name": "5,000 Credits", "price": 650, "credits": 5000, "description": "Major campaign pack", "badge": null, "sort_order": 4}
]$catalogue$) AS seed (package_key text, name text, price bigint, credits bigint, description text, badge text,
    sort_order integer)
), package AS (
  INSERT INTO credit_packages (package_key, name, description, badge, sort_order)
  SELECT package_key, name, description, badge, sort_order FROM seed ORDER BY sort_order
  RETURNING id, package_key
)
INSERT INTO prices (package_id, currency, amount_minor, credits, created_by, reason)
SELECT package.id, 'GBP', seed.price, seed.credits, 'migration', 'initial catalogue'
FROM seed JOIN package USING (package_key) ORDER BY seed.sort_order;
--> statement-breakpoint
INSERT INTO credit_costs (operation_type, credits)
SELECT key, value::bigint FROM jsonb_each_text('{"social_caption": 2, "blog_post": 5, "ai_image_standard": 10, "ai_image_ultra": 20, "ai_video_8sec": 200, "strategy_generation": 10, "competitor_analysis": 5, "brand_voice_analysis": 3}');
