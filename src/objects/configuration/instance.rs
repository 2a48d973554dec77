//! Instances of modules: one for each key of a call's `for_each`, in each instance of the caller.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use super::builder::Builder;
use super::declare::ModuleId;
use super::declare::ROOT;
use super::repetition::Key;
use super::repetition::Repetition;
use super::scope::ModuleScope;
use crate::lang::Reference;
use crate::lang::Value;
use crate::lang::module::ModuleCall;
use crate::objects::kind::Kind;

/// One instance of a module. Cheap: what the module declares is kept once, in [`super::declare::Declarations`].
pub(super) struct ModuleInstance<'m> {
    /// Its place among all instances.
    pub(super) number: usize,
    /// The module.
    pub(super) id: ModuleId,
    /// Its address, e.g. `module.dr["eu"].module.sync`; empty for the root module.
    pub(super) address: Arc<str>,
    /// Who calls it; `None` for the root module.
    pub(super) caller: Option<Caller<'m>>,
}

/// The call that an instance of a module comes from.
pub(super) struct Caller<'m> {
    /// The instance that calls.
    pub(super) module: Rc<ModuleInstance<'m>>,
    /// The block.
    pub(super) call: &'m ModuleCall,
    /// Which of the block's instances it is.
    pub(super) own: Rc<Repetition>,
}

impl ModuleInstance<'_> {
    /// Whether it is the root module.
    pub(super) fn is_root(&self) -> bool {
        self.caller.is_none()
    }

    /// What stands before the addresses of what it declares.
    pub(super) fn prefix(&self) -> String {
        if self.is_root() {
            String::new()
        } else {
            format!("{}.", self.address)
        }
    }
}

impl fmt::Debug for ModuleInstance<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("ModuleInstance")
            .field(&self.address)
            .finish()
    }
}

/// The instances of one call.
type Instances<'m> = Rc<Vec<Rc<ModuleInstance<'m>>>>;

/// A call in the instance with this number, by name.
type Call = (usize, Arc<str>);

/// All instances that were asked for.
#[derive(Default)]
pub(super) struct ModuleInstances<'m> {
    /// By the number of the caller and the name of the call.
    by_call: RefCell<BTreeMap<Call, Option<Instances<'m>>>>,
    by_address: RefCell<BTreeMap<Arc<str>, Rc<ModuleInstance<'m>>>>,
    /// What `module.NAME` stands for, by the same key as `by_call`.
    values: RefCell<BTreeMap<Call, Value>>,
    /// What the objects of each instance wait for besides their own `depends_on`.
    waits: RefCell<BTreeMap<usize, Rc<Vec<Value>>>>,
    /// The pipelines in each instance and the modules it calls.
    pipelines: RefCell<BTreeMap<usize, Rc<Vec<Value>>>>,
}

impl<'m> Builder<'m> {
    /// The root module, and after each instance those it calls.
    pub(super) fn all_instances(&self) -> Vec<Rc<ModuleInstance<'m>>> {
        let mut all = Vec::new();
        let mut open = vec![self.root()];
        while let Some(module) = open.pop() {
            let declared = &self.declarations.modules[module.id];
            for name in declared.children.keys().rev() {
                let instances = self.instances(&module, name);
                open.extend(instances.iter().flat_map(|list| list.iter().rev().cloned()));
            }
            all.push(module);
        }
        all
    }

    pub(super) fn root(&self) -> Rc<ModuleInstance<'m>> {
        let mut by_address = self.instances.by_address.borrow_mut();
        by_address
            .entry(Arc::from(""))
            .or_insert_with(|| {
                Rc::new(ModuleInstance {
                    number: 0,
                    id: ROOT,
                    address: Arc::from(""),
                    caller: None,
                })
            })
            .clone()
    }

    /// The instances of the module that is called so. `None` if that cannot be known, which was reported.
    pub(super) fn instances(
        &self,
        caller: &Rc<ModuleInstance<'m>>,
        name: &Arc<str>,
    ) -> Option<Instances<'m>> {
        let key = (caller.number, name.clone());
        if let Some(known) = self.instances.by_call.borrow().get(&key) {
            return known.clone();
        }
        let declared = &self.declarations.modules[caller.id];
        let (call, id) = declared
            .module
            .calls
            .get(name)
            .zip(declared.children.get(name))?;
        let repetitions = self.module_repetitions(caller, name);
        let mut by_address = self.instances.by_address.borrow_mut();
        let instances = repetitions.map(|repetitions| {
            let make = |own: &Rc<Repetition>| {
                let address: Arc<str> =
                    format!("{}module.{name}{}", caller.prefix(), own.key).into();
                let instance = Rc::new(ModuleInstance {
                    number: by_address.len(),
                    id: *id,
                    address: address.clone(),
                    caller: Some(Caller {
                        module: caller.clone(),
                        call,
                        own: own.clone(),
                    }),
                });
                by_address.insert(address, instance.clone());
                instance
            };
            Rc::new(repetitions.iter().map(make).collect::<Vec<_>>())
        });
        self.instances
            .by_call
            .borrow_mut()
            .insert(key, instances.clone());
        instances
    }

    /// The instance a reference made by this builder points to.
    pub(super) fn referenced_module(
        &self,
        reference: &Reference,
    ) -> Option<Rc<ModuleInstance<'m>>> {
        let instances = self.instances.by_address.borrow();
        instances.get(&reference.address).cloned()
    }

    /// What `module.NAME` stands for: a reference or, with `for_each` and `count`, references by key.
    pub(super) fn module_value(
        &self,
        caller: &Rc<ModuleInstance<'m>>,
        name: &Arc<str>,
    ) -> Option<Value> {
        let key = (caller.number, name.clone());
        if let Some(known) = self.instances.values.borrow().get(&key) {
            return Some(known.clone());
        }
        let instances = self.instances(caller, name)?;
        let call = self.declarations.modules[caller.id]
            .module
            .calls
            .get(name)?;
        let value = by_keys(
            call.for_each.is_some(),
            call.count.is_some(),
            instances
                .iter()
                .map(|instance| (own_key(instance), module_reference(instance))),
        )?;
        let mut values = self.instances.values.borrow_mut();
        values.insert(key, value.clone());
        Some(value)
    }

    /// What `module.NAME` stands for in `depends_on`: all pipelines in it, by key with `for_each` and `count`.
    pub(super) fn module_waits(
        &self,
        caller: &Rc<ModuleInstance<'m>>,
        name: &Arc<str>,
    ) -> Option<Value> {
        let instances = self.instances(caller, name)?;
        let call = self.declarations.modules[caller.id]
            .module
            .calls
            .get(name)?;
        let pipelines = instances.iter().map(|instance| {
            let pipelines = self.pipelines(instance).as_ref().clone();
            (own_key(instance), Value::tuple(pipelines))
        });
        by_keys(call.for_each.is_some(), call.count.is_some(), pipelines)
    }

    /// References to the pipelines in a module and in those it calls.
    fn pipelines(&self, module: &Rc<ModuleInstance<'m>>) -> Rc<Vec<Value>> {
        if let Some(known) = self.instances.pipelines.borrow().get(&module.number) {
            return known.clone();
        }
        let declared = &self.declarations.modules[module.id];
        let mut found = Vec::new();
        for id in declared.objects.clone() {
            if self.declaration(id).object_type.kind == Kind::Pipeline {
                let frames = self.frames(id, module);
                found.extend(
                    frames
                        .iter()
                        .map(|frame| super::attributes::reference(Kind::Pipeline, &frame.address)),
                );
            }
        }
        for name in declared.children.keys() {
            for child in self
                .instances(module, name)
                .iter()
                .flat_map(|list| list.iter())
            {
                found.extend(self.pipelines(child).iter().cloned());
            }
        }
        let found = Rc::new(found);
        self.instances
            .pipelines
            .borrow_mut()
            .insert(module.number, found.clone());
        found
    }

    /// What everything in a module waits for: its call's `depends_on`, and that of the caller's.
    pub(super) fn waits(&self, module: &ModuleInstance<'m>) -> Rc<Vec<Value>> {
        let Some(caller) = &module.caller else {
            return Rc::default();
        };
        if let Some(known) = self.instances.waits.borrow().get(&module.number) {
            return known.clone();
        }
        let mut found = self.waits(&caller.module).as_ref().clone();
        let scope = ModuleScope::call(self, caller);
        found.extend(self.depends_on(caller.call.depends_on.as_ref(), &scope));
        let found = Rc::new(found);
        self.instances
            .waits
            .borrow_mut()
            .insert(module.number, found.clone());
        found
    }
}

fn own_key(instance: &ModuleInstance<'_>) -> Key {
    let caller = instance.caller.as_ref();
    caller.map_or(Key::Single, |caller| caller.own.key.clone())
}

fn module_reference(instance: &ModuleInstance<'_>) -> Value {
    Value::Ref(Arc::new(Reference::module(instance.address.clone())))
}

/// The value of all objects or instances of a block: itself, a tuple with `count`, an object with `for_each`.
pub(super) fn by_keys(
    for_each: bool,
    count: bool,
    mut values: impl Iterator<Item = (Key, Value)>,
) -> Option<Value> {
    if for_each {
        let named = values.filter_map(|(key, value)| match key {
            Key::Text(key) => Some((key, value)),
            _ => None,
        });
        return Some(Value::object(named.collect()));
    }
    if count {
        let values = values.map(|(_, value)| value);
        return Some(Value::tuple(values.collect()));
    }
    values.next().map(|(_, value)| value)
}
