DROP TABLE "grant_schedule_changes" CASCADE;
