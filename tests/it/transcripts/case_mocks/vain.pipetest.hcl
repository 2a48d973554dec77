case "late, as it is imagined" {
  from = "2026-02-10"
  to   = "2026-02-20"
  mock "pipeline.p.data_node.made" {
    ready = "2026-02-20"
  }
  mock "pipeline.p.data_node.raw" {
    ready = false
  }
  mock "pipeline.p.activity.use" {
    ready = false
  }
  mock "pipeline.p.activity.make" {
    outputs = ["mad"]
  }
  mock "pipeline.p.activity.check" {
    outputs = []
  }
  mock "pipeline.p.activity.make" {
    outputs = ["sum"]
  }
  mock "pipeline.p.activity.use" {
    outputs = []
  }
  mock "pipeline.p.activity.use" {
    error = "boom"
  }
  mock "pipeline.p.activity.use" {
    intervals = ["2026-02-11"]
  }
}
