data_node "file" "kept" {
  path      = "kept"
  overwrite = true
}

moved {
  from = data_node.kept
  to   = data_node.other
}

moved {
  from = data_node.a
  to   = pipeline.p.activity.a
}

moved {
  from = "data_node.a"
  to   = data_node[each.key].b
}

moved {
  from = activity.a
}

moved {
  from = data_node.c
  to   = data_node.d
}

moved {
  from = data_node.d
  to   = data_node.c
}

moved "x" {
  from = data_nodes.c
  to   = data_node.d.precondition.exists
}

removed {
  from = data_node.kept[0]
}

removed {
  from = data_node.kept

  lifecycle {
    destroy         = "maybe"
    prevent_destroy = true
  }
}
