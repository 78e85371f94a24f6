DROP TABLE "subscription_operations" CASCADE;
