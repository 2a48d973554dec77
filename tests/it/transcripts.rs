//! The command line as its users see it: each directory of `transcripts/` is a configuration, and in
//! `transcript.console` the commands with their output and exit codes.

use crate::support::{copy_files, repository, transcript};

macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        $(#[test] fn $name() { check(stringify!($name)); })*
        const CASES: &[&str] = &[$(stringify!($name)),*];
    };
}

cases! {
    actions_in_trouble,
    activity_cycle,
    apply_json,
    apply_refuses_many_runs,
    apply_rerun,
    attempt_ends,
    automation,
    aws_types,
    backfill_canceled,
    backfill_million,
    backfill_readers,
    beside_a_runner,
    between_attempts,
    calendars,
    came_later,
    canceled_ahead,
    case_changes,
    case_mistakes,
    case_mocks,
    cases,
    catch_up,
    check_blocks,
    clock_put_back,
    clock_stands,
    cluster_mistakes,
    clusters,
    command_line,
    conditions,
    console,
    copy_mistakes,
    cut_path,
    dangling_reference,
    downstream,
    dynamic_blocks,
    dynamic_mistakes,
    export,
    export_environment,
    export_losses,
    familiar_flags,
    fmt,
    formula_fails,
    formula_mistakes,
    given_up,
    group_mistakes,
    held,
    help,
    ignore_changes,
    import,
    import_accumulate,
    import_all_types,
    import_and_back,
    import_apart,
    import_cloudformation,
    import_environment,
    import_hidden,
    import_literals,
    import_misfits,
    import_mistakes,
    import_odd,
    import_terraform,
    import_unreadable,
    import_values,
    in_flight,
    json_syntax,
    large_formulas,
    large_kept,
    large_shared,
    lateness,
    later_blocks,
    life_combinations,
    life_mistakes,
    lifecycle_merged,
    lifecycle_mistakes,
    log_line_does_not_match,
    many_due,
    many_mistakes,
    markdown,
    missing_file_waits,
    missing_variable,
    mistakes_beside_damage,
    module_conditions,
    modules,
    moved,
    moved_elsewhere,
    moved_mistakes,
    newer_state,
    no_op,
    not_staged,
    on_demand,
    on_demand_apart,
    on_demand_behind,
    on_demand_keys,
    operations,
    outputs_and_secrets,
    override_files,
    own_past,
    pausing,
    pausing_counts,
    place_mistakes,
    plan_applied,
    plan_apply_run_status,
    plan_check,
    plan_json,
    planned_runs,
    policy,
    pools,
    preflight,
    prevent_destroy,
    provider_mistakes,
    providers,
    reference_cycle,
    removed_activity,
    removed_block,
    require_each,
    rerun_failed_data,
    restart,
    retention,
    retries,
    rollback,
    saved_plan,
    schedule_change,
    schedule_combinations,
    schedule_command,
    schedule_holes,
    schedule_mistakes,
    schedule_rewritten,
    schema,
    secrets,
    shell_command_fails,
    simulate,
    state_push,
    state_surgery,
    status_counts,
    status_lists,
    syntax_error,
    targeting,
    unknown_attribute,
    unreadable_file,
    validate_json,
    variable_sources,
    windows,
    workspaces,
    wrong_type,
    zone_change,
}

fn check(name: &str) {
    let case = repository().join("tests/it/transcripts").join(name);
    let file = case.join("transcript.console");
    let expected = transcript::parse(&std::fs::read_to_string(&file).unwrap());
    assert!(!expected.is_empty(), "{} has no command", file.display());
    let directory = tempfile::tempdir().unwrap();
    copy_files(&case, directory.path());
    std::fs::remove_file(directory.path().join("transcript.console")).unwrap();
    let found = transcript::run(&expected, directory.path());
    if transcript::updating() {
        replace(&file, &transcript::print(&found));
    } else if let Some(difference) = transcript::difference(&expected, &found) {
        panic!(
            "{}\n{difference}\nUPDATE_TRANSCRIPTS=1 writes what was found",
            file.display()
        );
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test may write its expectations in place"
)]
fn replace(file: &std::path::Path, text: &str) {
    std::fs::write(file, text).unwrap();
}

#[test]
fn every_case_is_listed() {
    let mut found: Vec<String> = std::fs::read_dir(repository().join("tests/it/transcripts"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    found.sort();
    assert_eq!(found, CASES);
}
