schedule "never" {
  cron = "0 0 30 2 *"
}

schedule "hour" {
  cron = "0 25 * * *"
}

schedule "seven" {
  cron = "0 0 2 * * * 2027"
}

schedule "wrong" {
  every         = "1 day"
  calendar      = calendar.dates
  when_excluded = "later"
}

calendar "days" {
  weekends = ["Saturday"]
}

calendar "dates" {
  dates = ["25.12.2026"]
}

calendar "path" {
  holidays = "holidays.txt"
}

calendar "events" {
  holidays = <<-EOT
    BEGIN:VCALENDAR
    BEGIN:VEVENT
    DTSTART:20261225T100000Z
    END:VEVENT
    END:VCALENDAR
  EOT
}

pipeline "p" {
  activity "shell_command" "a" {
    command = "true"
    due     = "middle"
  }
}

calendar "german" {
  holidays = <<-EOT
    25.12.2026
  EOT
}

calendar "slashes" {
  holidays = "2026/12/25"
}
