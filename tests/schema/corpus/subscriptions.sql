-- Subscriptions, which connect to nothing. Without a slot they can be dropped, as a database that has any cannot.
create subscription sub connection 'host=/nonexistent dbname=it''s' publication p1, "P 2" with (connect = false, slot_name = none, enabled = false, create_slot = false); create subscription more connection 'dbname=x' publication p with (connect = false, slot_name = none, synchronous_commit = local);
comment on subscription sub is 'a subscription'; alter subscription more owner to postgres;
\if :since14
create subscription streaming connection 'dbname=x' publication p with (connect = false, slot_name = none, streaming = true, binary = true);
\endif
\if :since15
create subscription two_phase connection 'dbname=x' publication p with (connect = false, slot_name = none, two_phase = true, disable_on_error = true);
\endif
\if :since16
create subscription of_16 connection 'dbname=x' publication p with (connect = false, slot_name = none, origin = none, password_required = false, run_as_owner = true, streaming = parallel);
\endif
\if :since17
create subscription of_17 connection 'dbname=x' publication p with (connect = false, slot_name = none, failover = true);
\endif
