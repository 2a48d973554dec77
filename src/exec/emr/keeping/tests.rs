//! One who keeps a cluster, without an EMR: when another one is tried, as what, and what those hear that wait for it.

use jiff::Timestamp;

use super::super::standing_in;
use super::*;
use crate::connect::aws::emr::Role;
use crate::connect::aws::emr::State;

#[test]
fn pauses_double_up_to_the_longest() {
    let seconds = SignedDuration::from_secs;
    let of = |failures| pause(seconds(30), seconds(100), failures);
    assert_eq!(
        [of(1), of(2), of(3)],
        [seconds(30), seconds(60), seconds(100)]
    );
    assert_eq!(pause(seconds(30), seconds(0), 9), seconds(30));
    assert_eq!(pause(seconds(i64::MAX), seconds(60), 40), seconds(i64::MAX));
}

/// A cluster with machines on the spot market and on demand, of which three are tried.
fn cluster(on_demand_at_last: bool) -> Cluster {
    let machines = |market| Group {
        role: Role::Core,
        instance_type: "m5.xlarge".to_owned(),
        count: 1,
        market,
        configurations: Vec::new(),
        ebs: None,
    };
    let mut cluster = standing_in::cluster();
    cluster.request.groups = vec![machines(Market::Spot(None)), machines(Market::OnDemand)];
    cluster.terms.tries = 3;
    cluster.terms.on_demand_at_last = on_demand_at_last;
    cluster
}

/// Who keeps a cluster that is needed. What has to be kept so that it can be told: the orders.
fn keeper() -> (Keeper, watch::Sender<Orders>) {
    let needed = Orders {
        needed: true,
        ..Orders::default()
    };
    let (sender, orders) = watch::channel(needed);
    let starting = Standing::Starting(String::new());
    let keeper = Keeper {
        aws: Sessions::default(),
        watching: Watching::default(),
        ledger: Ledger(Arc::new(|_: Record| Box::pin(async { true }))),
        lineage: "lineage".to_owned(),
        clock: Clock::fixed(Timestamp::UNIX_EPOCH),
        standing: Arc::new(watch::Sender::new(starting)),
        reached: Arc::new(watch::Sender::new(None)),
        orders,
    };
    (keeper, sender)
}

#[tokio::test]
async fn after_a_loss_for_good_no_other_cluster_is_tried() {
    let (mut keeper, _orders) = keeper();
    let cluster = cluster(false);
    let why = refused(&cluster.key.object, "AWS answers: no such release.");
    assert!(
        why.contains(
            "AWS answers: no such release. It would refuse the same again, so change `resource.big`"
        ),
        "{why}"
    );
    let goes_on = keeper.goes_on(Some(&cluster), (1, &why), Loss::ForGood);
    assert!(!goes_on.await);
    assert_eq!(*keeper.standing.borrow(), Standing::GivenUp(why));
    let goes_on = keeper.goes_on(Some(&cluster), (1, "it failed"), Loss::OfWork);
    assert!(!goes_on.await);
    let broken = Standing::Broken("it failed".to_owned());
    assert_eq!(*keeper.standing.borrow(), broken);
    let goes_on = keeper.goes_on(Some(&cluster), (1, "it failed"), Loss::Unready);
    assert!(goes_on.await);
}

#[tokio::test]
async fn a_cluster_of_another_account_is_told_of_and_not_forgotten() {
    let (keeper, _orders) = keeper();
    let now = Timestamp::UNIX_EPOCH;
    let mut record = Record::new(&cluster(false), 1, now);
    let mut seen = Seen {
        id: "j-1".to_owned(),
        name: record.name.clone(),
        state: State::Running,
        reason: None,
        created_at: None,
        ready_at: None,
        ended_at: None,
        account: Some("111111111111".to_owned()),
    };
    assert!(record.see(&seen, now));
    assert_eq!(record.account, seen.account);
    let end = keeper.unseen(&mut record, "it is elsewhere".to_owned());
    assert!(end.await.is_none());
    assert_eq!(record.reason.as_deref(), Some("it is elsewhere"));
    assert_eq!(record.ended_at, None);
    let told = "cluster j-1 cannot be seen: it is elsewhere".to_owned();
    assert_eq!(*keeper.standing.borrow(), Standing::Broken(told));
    // It is seen again: nothing is wrong any more, and it is where it was.
    seen.account = None;
    assert!(record.see(&seen, now));
    assert_eq!(record.reason, None);
    assert_eq!(record.account.as_deref(), Some("111111111111"));
}

#[tokio::test]
async fn a_cluster_that_ends_by_itself_has_failed_where_it_is_needed() {
    let (mut keeper, orders) = keeper();
    let now = Timestamp::UNIX_EPOCH;
    for is_needed in [true, false] {
        orders.send_modify(|orders| orders.needed = is_needed);
        let mut record = Record::new(&cluster(false), 1, now);
        let seen = Seen {
            id: "j-1".to_owned(),
            name: record.name.clone(),
            state: State::TerminatedWithErrors,
            reason: None,
            created_at: None,
            ready_at: None,
            ended_at: None,
            account: None,
        };
        let known = Look {
            seen: Some(seen),
            gone: false,
            problem: None,
        };
        let end = keeper.saw(&mut record, &known).await;
        assert_eq!(matches!(end, Some(End::Broken(..))), is_needed);
        assert_eq!(record.failed, is_needed);
        assert!(record.ended_at.is_some());
    }
}

#[test]
fn a_cluster_that_is_there_for_too_long_fails_those_that_work_on_it() {
    let (keeper, _orders) = keeper();
    let over = |loss| keeper.overdue("it is over".to_owned(), loss, 3);
    assert!(matches!(over(Loss::ForGood), End::Released(3)));
    assert!(matches!(over(Loss::Unready), End::Broken(..)));
    let worker = keeper.standing.subscribe();
    assert!(matches!(
        over(Loss::ForGood),
        End::Broken(_, Loss::ForGood, 3)
    ));
    drop(worker);
}

#[test]
fn what_is_asked_for_on_demand_at_last_is_another_thing_then() {
    assert!(changes(&cluster(true)));
    assert!(!changes(&cluster(false)));
    assert!(!changes(&at_last(Arc::new(cluster(true)), 2)));
}

#[test]
fn the_last_try_is_on_demand_where_that_is_said() {
    let markets = |on_demand_at_last, failures| {
        let asked = at_last(Arc::new(cluster(on_demand_at_last)), failures);
        let groups = asked.request.groups.iter();
        groups.map(|group| group.market.clone()).collect::<Vec<_>>()
    };
    let as_said = [Market::Spot(None), Market::OnDemand];
    let on_demand = [Market::OnDemand, Market::OnDemand];
    assert_eq!(
        [markets(true, 0), markets(true, 1)],
        [as_said.clone(), as_said.clone()]
    );
    assert_eq!(markets(true, 2), on_demand);
    assert_eq!(markets(true, 7), on_demand);
    assert_eq!(markets(false, 2), as_said);
}
